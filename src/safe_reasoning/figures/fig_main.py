"""Main result: harm of reasoning and response by method, with over-refusal and capability (paper Table 2 as a figure)."""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from safe_reasoning.figures import style

PANELS = [
    (
        "harmful, %\n(lower is better)",
        "safety_average",
        [("reasoning", "harmful", style.REASONING), ("response", "harmful", style.RESPONSE)],
    ),
    ("complies with benign\nrequests, %", "overrefusal", [("response", "complies", "#009e73")]),
    ("capability, % right", "capability", [("response", "correct", "#555555")]),
]


def data(metrics: Path, published: Path) -> pd.DataFrame:
    """Safety average, over-refusal and capability rows of every method in the main table."""
    frame = style.read(metrics, "evaluation")
    wanted = (frame["prompt_set"] == "safety_average") | (
        (frame["role"] != "safety") & ~((frame["role"] == "overrefusal") & (frame["measure"] == "correct"))
    )
    return frame[wanted & (frame["method"] != "ipo_lexical")].reset_index(drop=True)


def draw(frame: pd.DataFrame) -> Figure:
    """Dots with 95 % intervals, a row a method, a row of panels a model."""
    style.begin()
    models, methods = list(dict.fromkeys(frame["model"])), style.ordered(frame["method"])
    present = [panel for panel in PANELS if ((frame["prompt_set"] == panel[1]) | (frame["role"] == panel[1])).any()]
    size = (style.PAGE, (0.27 * len(methods) + 0.75) * len(models))
    figure, axes = plt.subplots(
        len(models), len(present), figsize=size, squeeze=False, sharey=True, width_ratios=[2, 1.2, 1.2][: len(present)]
    )
    for model, row in zip(models, axes, strict=True):
        for axis, (title, kind, series) in zip(row, present, strict=True):
            for number, (part, measure, color) in enumerate(series):
                shift = (number - (len(series) - 1) / 2) * 0.28
                for place, method in enumerate(methods):
                    cell = frame[
                        (frame["model"] == model) & (frame["method"] == method) & (frame["part"] == part) & (frame["measure"] == measure)
                        & ((frame["prompt_set"] == kind) | (frame["role"] == kind))
                    ]  # fmt: skip
                    for _, entry in cell.iterrows():
                        axis.plot([100 * entry["low"], 100 * entry["high"]], [place + shift] * 2, color=color, linewidth=1.1)
                        axis.plot(100 * entry["rate"], place + shift, "o", color=color, markersize=4, label=part if place == 0 else None)
            axis.set_xlim(-3, 103)
            axis.set_title(title)
            axis.grid(axis="x", linewidth=0.4, alpha=0.6)
            if len(series) > 1:
                axis.legend(loc="lower right", handletextpad=0.1, borderpad=0.1)
        row[0].set_yticks(range(len(methods)), [style.label(m) for m in methods])
        row[0].set_ylim(len(methods) - 0.5, -0.5)
        if len(models) > 1:
            row[0].set_ylabel(model)
    return figure
