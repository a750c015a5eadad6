"""The average case beside the worst: harm in all templates, and where each method is weakest."""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from safe_reasoning.report import methods as report_methods
from safe_reasoning.report import metrics as report_metrics
from safe_reasoning.report.figures import style
from safe_reasoning.report.figures.fig_cost import colors_of
from safe_reasoning.report.scored import MOST_UNSCORED, unscored_share

CAPTION = """
**Average case and worst case.** Square: harm over all templates, or of requests asked plainly where
a run has no templates. Circle: harm of each method in the template that is worst for it, item by
item. Other marks: prompts that an attack found against the method itself. All but the average are
measured on fresh seeds, which the search has not seen. On the right, compliance with allowed
requests in the same forms: a method that refuses a form wins nothing by it. Hollow: over 5 % of the
answers are unscored, so that the rate may flatter its method. Lines are 95 % intervals over
requests, and over seeds where there are several. Colours are families.
"""
TEMPLATES = "templates"
MARKS = ("D", "^", "P", "v")  # of adaptive attacks, in the order of the configuration
OF_AVERAGE = "s"
NAMES = {TEMPLATES: "worst template", "pair_self": "PAIR on itself", "suffix": "suffix search"}
PANELS = (
    ("harmful", "reasoning", "harmful reasoning, %"),
    ("harmful", "response", "harmful responses, %"),
    ("complies", "reasoning", "complies where allowed, %"),
)
# Selections of the two measures: what is average, and what is worst
AVERAGE, WORST = ("average", "plain"), ("confirmed", "chosen")
NUMBERS = ["rate", "low", "high", "samples", "unscored"]
COLUMNS = ["model", "method", "attack", "selection", "part", "measure", *NUMBERS]


def data(metrics: Path, published: Path) -> pd.DataFrame:
    """Rates of each method, attack and selection that is drawn."""
    frame = report_metrics.read(metrics, "worst_case")
    frame = frame[frame["measure"].isin(("harmful", "complies")) & (frame["selection"] != "found")]
    return frame[COLUMNS].reset_index(drop=True)


def draw(frame: pd.DataFrame) -> Figure:
    """A row of three panels per model, a line of marks per method."""
    style.begin()
    models = report_methods.methods_by_model(frame)
    heights = [0.22 * len(methods) + 0.6 for methods in models.values()]
    figure, axes = plt.subplots(
        len(models),
        len(PANELS),
        figsize=(style.PAGE, sum(heights) + 0.7),
        squeeze=False,
        sharey="row",
        gridspec_kw={"height_ratios": heights},
    )
    colors = colors_of(frame)
    attacks = list(dict.fromkeys(frame["attack"]))
    adaptive = [attack for attack in attacks if attack != TEMPLATES]
    marks = {TEMPLATES: "o", **{name: MARKS[i % len(MARKS)] for i, name in enumerate(adaptive)}}
    for (model, methods), row in zip(models.items(), axes, strict=True):
        methods = by_family(methods)
        for axis, (measure, part, title) in zip(row, PANELS, strict=True):
            chosen = (frame["model"] == model) & (frame["measure"] == measure) & (frame["part"] == part)
            for method, cell in frame[chosen].groupby("method", sort=False):
                _marks(axis, methods.index(str(method)), cell, attacks, marks, colors[str(method)])
            style.rates_axis(axis)
            axis.set_xlabel(title, fontsize=style.SMALL)
        style.method_rows(row, methods, model, len(models) > 1)
    _legend(figure, attacks, marks)
    return figure


def by_family(methods: list[str]) -> list[str]:
    """The base, then the methods family by family."""
    base = [method for method in methods if method == "base"]
    return base + [m for members in report_methods.families(methods).values() for m in members]


def _marks(
    axis: Axes, place: int, cell: pd.DataFrame, attacks: list[str], marks: dict[str, str], color: str
) -> None:
    """The average and the worst cases of one method, each a little below the one before."""
    average = cell[cell["selection"].isin(AVERAGE)].iloc[:1]  # over templates, where there are any
    worst = cell[cell["selection"].isin(WORST)]
    drawn = [(0, OF_AVERAGE, row) for _, row in average.iterrows()]
    drawn += [(1 + attacks.index(row["attack"]), marks[row["attack"]], row) for _, row in worst.iterrows()]
    for slot, mark, row in drawn:
        at = place + 0.7 * ((slot + 0.5) / (len(attacks) + 1) - 0.5)
        face = "white" if unscored_share(row["unscored"], row["samples"]) > MOST_UNSCORED else color
        axis.plot(100 * row["rate"], at, mark, color=color, markersize=3.5, markerfacecolor=face, zorder=4)
        style.ci_line(axis, at, row, color=color, horizontal=True)


def _legend(figure: Figure, attacks: list[str], marks: dict[str, str]) -> None:
    drawn = [(OF_AVERAGE, "average"), *((marks[a], NAMES.get(a, a.replace("_", " "))) for a in attacks)]
    handles = [
        plt.Line2D([], [], marker=mark, color="#444444", linestyle="", markersize=4, label=name)
        for mark, name in drawn
    ]
    figure.legend(handles=handles, loc="outside upper center", ncols=len(handles))
