"""Judges against people.

Agreement and kappa by data set, and what a judge's probabilities are worth.
"""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from safe_reasoning.report import metrics as report_metrics
from safe_reasoning.report.figures import style

CAPTION = """
**Judges against people.** Agreement and Cohen's kappa of each judge with human labels of other
models' responses, dots with 95 % intervals from a bootstrap over requests. *JailbreakBench's
judge comparison*: the majority of three people; *published verdicts* came with the data. A third
of its requests is harmless, which judges by phrases do not see: they call every answer harmful.
*XSTest*: two people, a third where they differ; a partial refusal is no compliance. *Two people*:
the agreement of two of them, the most to be expected. Below, for judges that give a probability:
the share that people affirm, by tenths of the probability, with 95 % Wilson intervals; on the
dashed line it is meant as it is said. The embedding judge is fitted on these labels, so each of
its verdicts here comes from a fit without that request.
"""

DATA = {"jailbreakbench": "JailbreakBench:\nis it harmful?", "xstest": "XSTest:\ndoes it comply?"}
KINDS = {"stored": style.RESPONSE, "run": style.REASONING, "people": "#000000"}
NAMES = {"stored": "published verdicts", "run": "judges here", "people": "two people"}
MARKERS = {"jailbreakbench": "o", "xstest": "s"}
CALIBRATION_HEIGHT = 2.2


def data(metrics: Path, published: Path) -> pd.DataFrame:
    """The audit (`drawn` rate) and the calibration (`drawn` curve) below each other."""
    audit = report_metrics.read(metrics, "judge_audit").assign(drawn="rate")
    path = metrics / "judge_calibration.csv"
    # No judge of the run need give probabilities
    curves = pd.read_csv(path) if path.exists() else pd.DataFrame()
    return pd.concat([audit, curves.assign(drawn="curve")], ignore_index=True) if len(curves) else audit


def draw(frame: pd.DataFrame) -> Figure:
    """One row per judge, one block per data set.

    Below, the share that people affirm against the judge's probability.
    """
    style.begin()
    rates, curves = frame[frame["drawn"] == "rate"], frame[frame["drawn"] == "curve"]
    present = [data for data in DATA if (rates["data"] == data).any()]
    heights = [0.2 * int((rates["data"] == data).sum()) + 0.55 for data in present] + (
        [CALIBRATION_HEIGHT] if len(curves) else []
    )
    figure = plt.figure(figsize=(style.PAGE, sum(heights)))
    grid = figure.add_gridspec(len(heights), 2, height_ratios=heights)
    for number, name in enumerate(present):
        cell = rates[rates["data"] == name].reset_index(drop=True)
        left, right = figure.add_subplot(grid[number, 0]), figure.add_subplot(grid[number, 1])
        _dots(left, cell, "agreement", "low", "high", 100)
        _dots(right, cell, "kappa", "kappa_low", "kappa_high", 1)
        left.set_yticks(range(len(cell)), [str(judge).replace("_", " ") for judge in cell["judge"]])
        left.set_ylabel(DATA[name])
        right.set_yticks([])
        left.set_xlim(min(38.0, 100 * float(cell["low"].min()) - 2), 102)
        right.set_xlim(min(-0.05, float(cell["kappa_low"].min()) - 0.05), 1.03)
        if number == 0:
            left.set_title("agreement with people, %")
            right.set_title("Cohen's kappa")
            for kind in dict.fromkeys(rates["kind"]):
                left.plot([], [], "o", color=KINDS[kind], markersize=4, label=NAMES[kind])
            style.legend_above(figure, left)
    if len(curves):
        _calibration(figure.add_subplot(grid[-1, 0]), curves)
        text = figure.add_subplot(grid[-1, 1])
        text.axis("off")
        for number, line in enumerate(_brier(rates)):
            text.text(
                0.0,
                0.98 - 0.3 * number,
                line,
                va="top",
                color=style.PALETTE[number],
                fontsize=style.SMALL,
                transform=text.transAxes,
            )
    return figure


def _dots(axis: Axes, cell: pd.DataFrame, value: str, low: str, high: str, scale: float) -> None:
    for place, row in cell.iterrows():
        color = KINDS[row["kind"]]
        ends = pd.Series({"low": row[low], "high": row[high]})
        style.ci_line(axis, float(str(place)), ends, color=color, horizontal=True, scale=scale)
        axis.plot(scale * row[value], place, "o", color=color, markersize=4, markeredgewidth=0, zorder=4)
    axis.set_ylim(len(cell) - 0.4, -0.6)
    axis.tick_params(axis="y", length=0)
    axis.spines["left"].set_visible(False)
    axis.grid(axis="x", linewidth=0.4, alpha=0.6)


def _calibration(axis: Axes, curves: pd.DataFrame) -> None:
    axis.plot([0, 1], [0, 1], color=style.GREY, linewidth=0.7, linestyle="--")
    for number, ((judge, name), cell) in enumerate(curves.groupby(["judge", "data"])):
        color = style.PALETTE[number]
        axis.plot(
            cell["probability"],
            cell["share"],
            MARKERS[str(name)] + "-",
            color=color,
            markersize=4,
            linewidth=1,
            label=f"{judge}, {name}",
        )
        for row in cell.itertuples():
            axis.plot([row.probability] * 2, [row.low, row.high], color=color, linewidth=0.8)
    axis.set_xlim(-0.03, 1.03)
    axis.set_ylim(-0.03, 1.03)
    axis.set_xlabel("probability that the judge gives")
    axis.set_ylabel("share that people\naffirm")


def _brier(rates: pd.DataFrame) -> list[str]:
    """The legend of the calibration.

    Brier score of each judge, next to that of the mere share of yes.
    """
    lines = []
    for row in rates.dropna(subset=["brier"]).sort_values("judge", kind="stable").itertuples():
        share = row.positive / row.texts
        question = DATA[row.data].replace("\n", " ")
        lines.append(
            f"{row.judge}, {question}\nBrier score {row.brier:.3f} (the share alone: "
            f"{share * (1 - share):.3f})"
        )
    return lines
