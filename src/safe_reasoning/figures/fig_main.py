"""Main result: harm of reasoning and response by method, with over-refusal and capability (paper Table 2 as a figure)."""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from safe_reasoning.figures import style

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
    frame = style.read(metrics, "evaluation")
    measure_of = {kind: measure for kind, _, measure, _ in PANELS}
    # Where a role has an average, the average stands for its sets.
    averaged = frame["role"].map(
        {role: f"{role}_average" for role in ("safety", "capability") if f"{role}_average" in set(frame["prompt_set"])}
    )
    wanted = (averaged.isna() | (frame["prompt_set"] == averaged)) & (frame["measure"] == frame["role"].map(measure_of))
    return style.main_methods(frame[wanted])


def draw(frame: pd.DataFrame) -> Figure:
    """Rates with 95 % intervals, a row a method, a row of panels a model. Several sets of one kind lie on one panel."""
    style.begin()
    models, methods = list(dict.fromkeys(frame["model"])), style.ordered(frame["method"])
    present = [panel for panel in PANELS if (frame["role"] == panel[0]).any()]
    size = (style.PAGE, (0.26 * len(methods) + 0.85) * len(models))
    figure, axes = plt.subplots(
        len(models), len(present), figsize=size, squeeze=False, sharey="row", width_ratios=[2, 1.2, 1.2][: len(present)]
    )
    for model, row in zip(models, axes, strict=True):
        for axis, (kind, heading, _, series) in zip(row, present, strict=True):
            cell = frame[(frame["model"] == model) & (frame["role"] == kind)]
            for number, (part, color, marker) in enumerate(series):
                shift = (number - (len(series) - 1) / 2) * 0.34
                style.dots_by_method(axis, cell[cell["part"] == part], methods, color, shift, marker)
                if len(series) > 1:
                    axis.plot([], [], marker, color=color, markersize=4, label=part)
            n = cell.drop_duplicates("prompt_set")
            axis.set_title(heading)
            axis.set_xlabel(f"n = {n['prompts'].sum()} prompts,\n{n['samples'].sum()} samples", fontsize=style.SMALL)
            style.rates_axis(axis)
            if len(series) > 1:
                axis.legend(loc="best", handletextpad=0.1, borderpad=0.1)
        style.method_rows(row, methods, model, several=len(models) > 1)
    return figure
