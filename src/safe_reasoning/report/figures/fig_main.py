"""Main result: harm of reasoning and response by method, with over-refusal and capability (paper
Table 2 as a figure).
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
**The main result** (paper Table 2 as a figure). The paper reports that IPO lowers the harm of the
reasoning most while capability stays, at some cost in compliance with benign requests. Measured
here: harmful reasoning and responses averaged over the safety sets, benign requests complied
with, and right answers. Where the benign requests have golds, right answers to them stand beside
compliance: a wrong recipe complies too. Dots are rates, lines 95 % intervals from a bootstrap over
prompts, n below. With several training seeds dots are means, intervals hold the spread between seeds too,
and short strokes are the seeds. A hollow marker leaves out more than 5 % of the answers, which
could not be scored. A method that is safe because it refuses everything shows in the middle panel.
Of more than 16 methods only the paper's are drawn.
"""

# Kind of prompt set, heading, (label, part, measure, colour, marker).
PANELS = [
    (
        "safety",
        "harmful, %\n(less is better)",
        [
            ("harmful reasoning", "reasoning", "harmful", style.REASONING, "o"),
            ("harmful response", "response", "harmful", style.RESPONSE, "s"),
        ],
    ),
    (
        "overrefusal",
        "benign requests:\ncomplied, right, %",
        [
            ("complied with", "response", "complies", "#009e73", "s"),
            ("answered right", "response", "correct", "#cc79a7", "D"),
        ],
    ),
    (
        "capability",
        "capability:\nright answers, %",
        [("", "response", "correct", "#555555", "s")],
    ),
]
COMPLIED = "benign requests\ncomplied with, %"


def data(metrics: Path, published: Path) -> pd.DataFrame:
    """Safety average, over-refusal and capability of every method in the main comparison."""
    frame = report_metrics.read_rates(metrics)
    shown = {(kind, one[2]) for kind, _, series in PANELS for one in series}
    # Where a role has an average, the average stands for its sets.
    averaged = frame["role"].map(
        {
            role: f"{role}_average"
            for role in ("safety", "capability")
            if f"{role}_average" in set(frame["prompt_set"])
        }
    )
    wanted = (averaged.isna() | (frame["prompt_set"] == averaged)) & (
        pd.Series(zip(frame["role"], frame["measure"], strict=True), frame.index).isin(shown)
    )
    return report_methods.nameable(report_methods.main_methods(frame[wanted]))


def draw(frame: pd.DataFrame) -> Figure:
    """Rates with 95 % intervals, one row per method, one row of panels per model.

    Several sets of one kind lie on one panel.
    """
    style.begin()
    methods_of = report_methods.methods_by_model(frame)
    present = [panel for panel in PANELS if (frame["role"] == panel[0]).any()]
    heights = [0.26 * len(methods) + 0.9 for methods in methods_of.values()]
    widths = [2, 1.2, 1.2][: len(present)]
    figure, axes = plt.subplots(
        len(methods_of),
        len(present),
        figsize=(style.PAGE, sum(heights)),
        squeeze=False,
        sharey="row",
        width_ratios=widths,
        height_ratios=heights,
    )
    for (model, methods), row in zip(methods_of.items(), axes, strict=True):
        for axis, (kind, heading, series) in zip(row, present, strict=True):
            cell = frame[(frame["model"] == model) & (frame["role"] == kind)]
            drawn = [one for one in series if (cell["measure"] == one[2]).any()]
            for number, (label, part, measure, color, marker) in enumerate(drawn):
                shift = (number - (len(drawn) - 1) / 2) * 0.34
                dots = cell[(cell["part"] == part) & (cell["measure"] == measure)]
                style.dots_by_method(axis, dots, methods, color, shift, marker)
                if len(drawn) > 1:
                    axis.plot([], [], marker, color=color, markersize=4, label=label)
            n = cell.drop_duplicates("prompt_set")
            axis.set_title(heading if len(drawn) > 1 or kind != "overrefusal" else COMPLIED)
            axis.set_xlabel(
                f"n = {n['prompts'].sum()} prompts,\n{n['samples'].sum()} samples", fontsize=style.SMALL
            )
            style.rates_axis(axis)
        style.method_rows(row, methods, model, several=len(methods_of) > 1)
    style.legend_above(figure, *axes[0])
    return figure
