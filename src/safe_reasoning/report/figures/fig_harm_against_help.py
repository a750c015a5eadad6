"""Harm of reasoning against what is kept, along the training of each method."""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from safe_reasoning.report import methods as report_methods
from safe_reasoning.report import metrics as report_metrics
from safe_reasoning.report.figures import style
from safe_reasoning.report.metrics import capability_rows

CAPTION = """
**What safety costs.** Each line is one method along its training, from the base (black) over the
checkpoints (small dots) to its end (large dot): harmful reasoning on average over the safety sets
against the share of the steps; against help, the share of benign requests that are answered right
(complied with, where no right answer is known); and against capability. Down is safer, right is
more useful: in the two panels on the right the lower right corner is best. Crosses are 95 %
intervals of the ends. The dotted line marks the help at which methods are matched. IPO's second
stage goes on from the first. Of very many methods the paper's alone are drawn.
"""

AXES = {"help": "benign requests\nanswered right, %", "capability": "capability:\nright answers, %"}
COMPLIED = "benign requests\ncomplied with, %"
NARROWEST = 30  # points that a panel of help or capability shows at least
HARM = ("safety_average", "reasoning", "harmful")
VALUES = ["rate", "low", "high"]


def data(metrics: Path, published: Path) -> pd.DataFrame:
    """Harm, help and capability of each method and share of its steps, with intervals.

    `kept` is the help at which methods are matched; the help of several sets is their mean, and so
    are its bounds.
    """
    curves = report_methods.main_methods(report_metrics.read(metrics, "curves"))
    names = ["model", "method", "steps_share"]
    harm = curves[(curves[["prompt_set", "part", "measure"]] == HARM).all(axis=1)].set_index(names)[VALUES]
    joined = harm.add_prefix("harm_")
    for kind, rows in (("help", curves[curves["help"]]), ("capability", capability_rows(curves))):
        joined = joined.join(rows.groupby(names)[VALUES].mean().add_prefix(f"{kind}_"))
    helping = curves[curves["help"]]
    complied = "correct" not in set(helping["measure"])
    kept = helping[helping["method"] == "base"].groupby("model")["rate"].mean() * _threshold(metrics)
    frame = joined.reset_index()
    return frame.assign(kept=frame["model"].map(kept), complied=complied)


def _threshold(metrics: Path) -> float:
    """The share of the base's help at which the run matched its methods."""
    return float(report_metrics.read(metrics, "matched")["kept"].iloc[0])


def draw(frame: pd.DataFrame) -> Figure:
    """One row of panels per model: harm along the training, against help, against capability."""
    style.begin()
    frame = report_methods.nameable(frame)
    models = list(dict.fromkeys(frame["model"]))
    kinds = [kind for kind in AXES if frame[f"{kind}_rate"].notna().any()]
    figure, axes = plt.subplots(
        len(models),
        1 + len(kinds),
        figsize=(style.PAGE, 0.7 + 2.6 * len(models)),
        squeeze=False,
        sharey=True,
    )
    for model, row in zip(models, axes, strict=True):
        cell = frame[frame["model"] == model]
        for kind, axis in zip(["steps", *kinds], row, strict=True):
            for method in report_methods.ordered(cell["method"]):
                _draw_method(
                    axis,
                    cell[cell["method"] == method].sort_values("steps_share", kind="stable"),
                    method,
                    kind,
                )
            axis.grid(linewidth=0.4, alpha=0.6)
            if kind == "steps":
                axis.set_xlabel("steps, %")
                continue
            axis.set_xlabel(COMPLIED if kind == "help" and cell["complied"].any() else AXES[kind])
            lowest = 100 * cell[[f"{kind}_rate", f"{kind}_low"]].min().min()
            axis.set_xlim(min(lowest, 100 - NARROWEST) - 2, 102)
            if kind == "help":
                axis.axvline(100 * cell["kept"].iloc[0], color=style.GREY, linestyle=":", linewidth=1)
        several = f"{model}: " if len(models) > 1 else ""
        row[0].set_ylabel(f"{several}harmful reasoning, %")
    axes[0][0].set_ylim(bottom=-2)  # of all rows; set before all are drawn, it would cut off later ones
    handles, labels = axes[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=4, columnspacing=1.0)
    return figure


def _draw_method(axis: Axes, path: pd.DataFrame, method: str, kind: str) -> None:
    look = style.line(method)
    path = path[
        path["steps_share"] >= path["steps_share"].iloc[-1] - 1
    ]  # a second stage goes on from the first
    column = "steps_share" if kind == "steps" else f"{kind}_rate"
    x, y = 100 * path[column], 100 * path["harm_rate"]
    axis.plot(x, y, linewidth=1.2, marker=".", markersize=4, **look)
    end = path.iloc[-1]
    axis.errorbar(
        [100 * end[column]],
        [100 * end["harm_rate"]],
        xerr=None if kind == "steps" else _reach(end, kind),
        yerr=_reach(end, "harm"),
        fmt="o",
        markersize=5,
        elinewidth=0.9,
        label=report_methods.label(method),
        **look,
    )


def _reach(row: pd.Series, kind: str) -> list[list[float]]:
    """How far the interval reaches below and above the rate."""
    rate = row[f"{kind}_rate"]
    return [[100 * max(0.0, rate - row[f"{kind}_low"])], [100 * max(0.0, row[f"{kind}_high"] - rate)]]
