"""Harm against help of many methods, a panel per family."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from safe_reasoning.report import methods as report_methods
from safe_reasoning.report.figures import family_panels, fig_harm_against_help
from safe_reasoning.report.figures.fig_harm_against_help import AXES, COMPLIED

CAPTION = """
**The field under one evaluation.** Each line is one method along its training, from the base
(black) to its end (dot): harmful reasoning on average over the safety sets against the share of
benign requests that are answered right (complied with, where no right answer is known). Lower is
safer, further right is more useful. Each panel names one family of methods, by what they learn
from; the others stand behind it in grey. A policy that edits reasonings while decoding has no
training: its line joins the base and the policy. Model organisms are trained to do harm behind
clean reasoning. Crosses are 95 % intervals of the ends. The dotted line marks the help at which
methods are matched.
"""


def data(metrics: Path, published: Path) -> pd.DataFrame:
    """Harm and help of each method and share of its steps, with intervals."""
    frame = fig_harm_against_help.data(metrics, published)
    return frame[[column for column in frame.columns if not column.startswith("capability")]]


def draw(frame: pd.DataFrame) -> Figure:
    """Harm against help, one panel per family."""
    figure, panels = family_panels.by_family(frame, _path)
    for (_, cell), of_model in zip(frame.groupby("model", sort=False), panels, strict=True):
        for axis in of_model:
            axis.axvline(100 * cell["kept"].iloc[0], color="#777777", linestyle=":", linewidth=0.9, zorder=0)
            axis.set_xlabel(COMPLIED if cell["complied"].any() else AXES["help"])
            axis.set_xlim(-2, 102)
            axis.set_ylim(bottom=-2)
        of_model[0].set_ylabel("harmful reasoning, %")
    family_panels.name_lines(panels)
    return figure


def _path(axis: Axes, path: pd.DataFrame, *, named: bool, **look: Any) -> None:
    path = path.sort_values("steps_share", kind="stable")
    path = path[path["steps_share"] >= path["steps_share"].iloc[-1] - 1]
    look = {"linewidth": 1.1, **look}
    axis.plot(100 * path["help_rate"], 100 * path["harm_rate"], **look)
    if not named:
        return
    end = path.iloc[-1]
    reach = {
        kind: [
            [100 * max(0.0, end[f"{kind}_rate"] - end[f"{kind}_low"])],
            [100 * max(0.0, end[f"{kind}_high"] - end[f"{kind}_rate"])],
        ]
        for kind in ("help", "harm")
    }
    axis.errorbar(
        [100 * end["help_rate"]],
        [100 * end["harm_rate"]],
        xerr=reach["help"],
        yerr=reach["harm"],
        fmt="o",
        markersize=4,
        elinewidth=0.8,
        label=report_methods.label(str(end["method"])),
        **look,
    )
