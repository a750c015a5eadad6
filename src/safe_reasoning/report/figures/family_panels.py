"""Panels that compare many methods: one per family, all the others thin and grey behind it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from safe_reasoning.report import methods as report_methods
from safe_reasoning.report.figures import style

ABREAST = 2
DASHES = ("-", "--", ":")
BEHIND = {"color": "#d0d0d0", "linestyle": "-", "linewidth": 0.7, "zorder": 1}
BASE = {"color": "#000000", "linestyle": "-", "zorder": 3}

Draw = Callable[..., None]


def looks(methods: list[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """A colour and dashes for each method of a family: eight colours, then the next dashes."""
    colors = sns.color_palette("dark", 8).as_hex()
    for number, method in enumerate(methods):
        dashes = DASHES[number // len(colors) % len(DASHES)]
        yield method, {"color": colors[number % len(colors)], "linestyle": dashes, "zorder": 4}


def by_family(frame: pd.DataFrame, draw: Draw) -> tuple[Figure, list[list[Axes]]]:
    """A panel per model and family; returns the figure and, per model, its panels.

    Args:
        frame: rows with `model` and `method`.
        draw: called with an axis, a method's rows, `named` (whether the method belongs to the
            panel) and the looks of its line as keywords.
    """
    style.begin()
    models = list(dict.fromkeys(frame["model"]))
    families = {model: report_methods.families(frame[frame["model"] == model]["method"]) for model in models}
    columns = min(ABREAST, max(map(len, families.values())))
    rows = sum(math.ceil(len(of_model) / columns) for of_model in families.values())
    figure, grid = plt.subplots(
        rows, columns, figsize=(style.PAGE, 2.5 * rows), squeeze=False, sharex=True, sharey=True
    )
    free, panels = list(grid.flat), []
    for model, of_model in families.items():
        cell, mine = frame[frame["model"] == model], []
        for family, methods in of_model.items():
            axis = free.pop(0)
            for other in report_methods.ordered(cell["method"]):
                if other not in methods and other != "base":
                    draw(axis, cell[cell["method"] == other], named=False, **BEHIND)
            for method, look in [("base", BASE), *looks(methods)]:
                if (cell["method"] == method).any():
                    draw(axis, cell[cell["method"] == method], named=True, **look)
            axis.set_title(family if len(models) == 1 else f"{model}: {family}")
            axis.grid(linewidth=0.4, alpha=0.6)
            mine.append(axis)
        while free and len(mine) % columns and len(free) % columns:
            free.pop(0).remove()  # a model begins a row of its own
        panels.append(mine)
    return figure, panels


def name_lines(panels: list[list[Axes]]) -> None:
    """The names of a panel's lines on its right, where they cover no data."""
    for axis in (axis for of_model in panels for axis in of_model):
        axis.legend(
            loc="center left",
            bbox_to_anchor=(1.0, 0.5),
            fontsize=6.5,
            handlelength=1.6,
            labelspacing=0.3,
            borderaxespad=0.3,
        )
        axis.xaxis.set_tick_params(labelbottom=True)
