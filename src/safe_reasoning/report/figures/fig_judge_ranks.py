"""Does the order of the methods depend on the judge? Average harm of every method under each judge,
and Kendall's tau between the orders.
"""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from safe_reasoning.report import methods as report_methods
from safe_reasoning.report import metrics as report_metrics
from safe_reasoning.report.figures import style

CAPTION = """
**Does the order of the methods depend on the judge?** The same generations under each judge: harm
averaged over the safety sets, with 95 % intervals over prompts (of several training seeds the
mean, without the spread between them); lines that cross are methods that change places. *tau*:
Kendall's rank correlation between the orders of two judges (1: the same order, 0: no relation),
its interval from resampling prompts for all methods and judges at once; it counts the variants of
Table 3 too, which are not drawn, and of more than 16 methods the paper's alone are. Rates of two
judges are not to be compared: they mean different things by harm.
"""

PARTS = ("reasoning", "response")
HEIGHT = 2.9


def data(metrics: Path, published: Path) -> pd.DataFrame:
    """Average harm by judge, method and part (`drawn` rate), and tau of each pair of judges
    (`drawn` tau).
    """
    averages = report_metrics.read(metrics, "judge_rates").query("prompt_set == 'safety_average'")
    rates = report_methods.nameable(report_methods.main_methods(averages))
    return pd.concat(
        [rates.assign(drawn="rate"), report_metrics.read(metrics, "judge_ranks").assign(drawn="tau")],
        ignore_index=True,
    )


def draw(frame: pd.DataFrame) -> Figure:
    """One panel per model and part: one line per method from judge to judge.

    Lines that cross are ranks that change. Seeds are averaged.
    """
    style.begin()
    models = list(dict.fromkeys(frame["model"]))
    figure, axes = plt.subplots(len(models), 2, figsize=(style.PAGE, HEIGHT * len(models)), squeeze=False)
    for model, row in zip(models, axes, strict=True):
        for part, axis in zip(PARTS, row, strict=True):
            cell = frame[(frame["model"] == model) & (frame["part"] == part)]
            rates = cell[cell["drawn"] == "rate"]
            judges = list(dict.fromkeys(rates["judge"]))
            labels = []
            methods = report_methods.ordered(rates["method"])
            for number, method in enumerate(methods):
                mean = (
                    rates[rates["method"] == method]
                    .groupby("judge", sort=False)[["rate", "low", "high"]]
                    .mean()
                    .reindex(judges)
                )
                shift = 0.012 * (number - (len(methods) - 1) / 2)
                places = [place + shift for place in range(len(judges))]
                look = style.line(method)
                axis.plot(places, 100 * mean["rate"], marker="o", markersize=3.5, linewidth=1.2, **look)
                for place, (_, interval) in zip(places, mean.iterrows(), strict=True):
                    style.ci_line(axis, place, interval, color=look["color"])
                labels.append(
                    (100 * float(mean["rate"].iloc[-1]), report_methods.label(method), look["color"])
                )
            axis.set_ylim(-3, 103)
            axis.set_xlim(-0.15, len(judges) - 0.85)
            axis.set_xticks(range(len(judges)), [str(judge).replace("_", " ") for judge in judges])
            style.end_labels(
                axis, 0.75 * HEIGHT, [x for x in labels if pd.notna(x[0])], len(judges) - 0.97, fontsize=7
            )
            title = "\n".join([f"{model}, {part}", *_taus(cell[cell["drawn"] == "tau"])])
            axis.set_title(title, loc="left", fontsize=style.SMALL - 1)
        row[0].set_ylabel("harmful, %, average of the safety sets")
    return figure


def _taus(cell: pd.DataFrame) -> list[str]:
    several = len(cell) > 1
    return [
        (f"{r.judge}, {r.other_judge}: " if several else "")
        + (
            f"tau = {r.tau:.2f} [{r.low:.2f}, {r.high:.2f}], {r.methods:.0f} methods"
            if pd.notna(r.tau)
            else "no tau"
        )
        for r in cell.itertuples()
    ]
