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
with, and right answers. Dots are rates, lines 95 % intervals from a bootstrap over prompts, n
below. With several training seeds dots are means, intervals hold the spread between seeds too,
and short strokes are the seeds. A method that is safe because it refuses everything shows in the
middle panel.
"""

# Kind of prompt set, heading, measure, (part, colour, marker).
PANELS = [
    (
        "safety",
        "harmful, %\n(less is better)",
        "harmful",
        [("reasoning", style.REASONING, "o"), ("response", style.RESPONSE, "s")],
    ),
    ("overrefusal", "benign requests\ncomplied with, %", "complies", [("response", "#009e73", "s")]),
    ("capability", "capability:\nright answers, %", "correct", [("response", "#555555", "s")]),
]


def data(metrics: Path, published: Path) -> pd.DataFrame:
    """Safety average, over-refusal and capability of every method in the main comparison."""
    frame = report_metrics.read_rates(metrics)
    measure_of = {kind: measure for kind, _, measure, _ in PANELS}
    # Where a role has an average, the average stands for its sets.
    averaged = frame["role"].map(
        {
            role: f"{role}_average"
            for role in ("safety", "capability")
            if f"{role}_average" in set(frame["prompt_set"])
        }
    )
    wanted = (averaged.isna() | (frame["prompt_set"] == averaged)) & (
        frame["measure"] == frame["role"].map(measure_of)
    )
    return report_methods.main_methods(frame[wanted])


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
        for axis, (kind, heading, _, series) in zip(row, present, strict=True):
            cell = frame[(frame["model"] == model) & (frame["role"] == kind)]
            for number, (part, color, marker) in enumerate(series):
                shift = (number - (len(series) - 1) / 2) * 0.34
                style.dots_by_method(axis, cell[cell["part"] == part], methods, color, shift, marker)
                if len(series) > 1:
                    axis.plot([], [], marker, color=color, markersize=4, label=part)
            n = cell.drop_duplicates("prompt_set")
            axis.set_title(heading)
            axis.set_xlabel(
                f"n = {n['prompts'].sum()} prompts,\n{n['samples'].sum()} samples", fontsize=style.SMALL
            )
            style.rates_axis(axis)
        style.method_rows(row, methods, model, several=len(methods_of) > 1)
    style.legend_above(figure, axes[0, 0])
    return figure
