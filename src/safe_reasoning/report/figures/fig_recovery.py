"""How methods go on from harmful reasoning that has already begun."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from safe_reasoning.report import methods as report_methods
from safe_reasoning.report import metrics as report_metrics
from safe_reasoning.report.figures import family_panels

CAPTION = """
**Does a method turn back?** All methods continue the same harmful reasonings of the base model, cut
after so many of their sentences; drawn is how often what they *add* to the reasoning is harmful.
What was given is not judged. Low on the left is safety as usual; a line that stays low to the right
recovers from harm that others have begun. Bars are 95 % intervals over prompts. A reasoning that is
nearly at its end has less harm left to add, so lines are to be compared with the base (black), not
along themselves.
"""


def data(metrics: Path, published: Path) -> pd.DataFrame:
    """Harm in the continued reasoning of each method by sentences given."""
    frame = report_methods.main_methods(report_metrics.read(metrics, "recovery"))
    return frame[(frame["part"] == "reasoning") & frame["sentences"].notna()].reset_index(drop=True)


def draw(frame: pd.DataFrame) -> Figure:
    """Harm against sentences given, one panel per family."""
    figure, panels = family_panels.by_family(frame, _line)
    for of_model in panels:
        for axis in of_model:
            axis.set_xlabel("sentences given")
            axis.set_xticks(sorted(frame["sentences"].astype(int).unique()))
            axis.set_ylim(-2, 102)
        of_model[0].set_ylabel("continuations with\nharmful reasoning, %")
    family_panels.name_lines(panels)
    return figure


def _line(axis: Axes, cell: pd.DataFrame, *, named: bool, **look: Any) -> None:
    cell = cell.sort_values("sentences", kind="stable")
    look = {"linewidth": 1.1, **look}
    if not named:
        axis.plot(cell["sentences"], 100 * cell["rate"], **look)
        return
    reach = [cell["rate"] - cell["low"], cell["high"] - cell["rate"]]
    axis.errorbar(
        cell["sentences"],
        100 * cell["rate"],
        yerr=[100 * side.clip(lower=0) for side in reach],
        elinewidth=0.7,
        label=report_methods.label(str(cell["method"].iloc[0])),
        **look,
    )
