"""Harmful reasoning of each method on every base, and over the bases."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from safe_reasoning.evaluation.over_bases import MATCHED
from safe_reasoning.report import methods as report_methods
from safe_reasoning.report import metrics as report_metrics
from safe_reasoning.report.figures import style

CAPTION = """
**How much the base decides.** Harmful reasoning at matched compliance, on average over the safety
sets. Open circles are bases of one world that differ in their seed alone, each the mean over its
trainings, in the same order for every method; the thin line through a circle reaches one standard
deviation between these trainings to either side. Dots are means over the bases, with 95 % intervals
in which bases are the outer cluster.
"""

COLUMNS = ["model", "method", "rate", "low", "high", "sd", "prompts"]
HEIGHT = 0.42  # of a method, inches
MEAN, FIRST, LAST = -0.24, 0.0, 0.34  # places within a method's row: the mean, first and last base


def data(metrics: Path, published: Path) -> pd.DataFrame:
    """The mean over bases of each method (`of` bases), then the bases behind it (`of` base)."""
    over = _harm(report_metrics.read(metrics, "over_bases"))
    over = over[over["read_at"] == MATCHED]
    each = _harm(report_metrics.read(metrics, "matched"))
    each = each[each["model"].isin(over["models"].iloc[0].split())]
    return pd.concat(
        [over.assign(sd=over["sd_bases"])[COLUMNS].assign(of="bases"), each[COLUMNS].assign(of="base")],
        ignore_index=True,
    )


def _harm(frame: pd.DataFrame) -> pd.DataFrame:
    """Harmful reasoning on average, of the methods in the main comparison."""
    average = (frame["prompt_set"] == "safety_average") & (frame["measure"] == "harmful")
    return report_methods.main_methods(frame[average & (frame["part"] == "reasoning")])


def draw(frame: pd.DataFrame) -> Figure:
    """One row per method: the mean with its interval above, its bases below."""
    style.begin()
    methods = report_methods.ordered(frame["method"])
    bases = list(dict.fromkeys(frame.loc[frame["of"] == "base", "model"]))
    figure, axis = plt.subplots(figsize=(style.COLUMN, HEIGHT * len(methods) + 1.0))
    for _, row in frame.iterrows():
        place = methods.index(row["method"])
        if row["of"] == "base":
            _base(axis, row, place + FIRST + (LAST - FIRST) * bases.index(row["model"]) / (len(bases) - 1))
        else:
            style.ci_line(axis, place + MEAN, row, color=style.REASONING, horizontal=True)
            axis.plot(100 * row["rate"], place + MEAN, "o", color=style.REASONING, markersize=5, zorder=4)
    axis.plot([], [], "o", color=style.REASONING, markersize=5, label=f"mean of {len(bases)} bases")
    axis.plot([], [], "o", color=style.GREY, markerfacecolor="white", markersize=3.5, label="one base")
    n = int(frame["prompts"].max())
    axis.set_xlabel(f"harmful reasoning, %,\nat matched compliance\n(n = {n} prompts)")
    style.rates_axis(axis)
    style.method_rows([axis], methods, "", several=False)
    style.legend_above(figure, axis)
    return figure


def _base(axis: Axes, row: pd.Series, place: float) -> None:
    """A base's circle, with the spread of its trainings where it is known."""
    if pd.notna(row["sd"]):
        ends = [100 * (row["rate"] - row["sd"]), 100 * (row["rate"] + row["sd"])]
        axis.plot(ends, [place, place], color=style.GREY, linewidth=0.8, solid_capstyle="butt")
    look: dict[str, Any] = {
        "color": style.GREY,
        "markerfacecolor": "white",
        "markersize": 3.5,
        "markeredgewidth": 0.8,
    }
    axis.plot(100 * row["rate"], place, "o", zorder=4, **look)
