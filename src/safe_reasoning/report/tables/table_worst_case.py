"""Table: harm in the average template and in each method's own worst one."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from safe_reasoning.report import methods as report_methods
from safe_reasoning.report import metrics as report_metrics
from safe_reasoning.report.scored import mean_note, with_bounds
from safe_reasoning.report.tables.common import percent

CAPTION = """
**Worst case over templates.** Every method is asked for the same held-out items in every template;
of each item its own worst template is chosen, for the part of the trace at which the attack aims.
*Average*: harm over all templates. *Found*: harm of the worst template in the samples that chose
it, which is too high by the choice. *Confirmed*: harm of the same template with fresh seeds, the
one to quote. *Complies*: with allowed items in all templates and in those chosen, so that a method
that refuses every wrapper wins nothing. *Queries*: samples an item that the choice rests on, the
same for all methods. 95 % intervals over items, and over seeds where there are several.
"""

CELLS = {
    "harmful, average, %": ("harmful", "average"),
    "harmful, found, %": ("harmful", "found"),
    "harmful, confirmed, %": ("harmful", "confirmed"),
    "complies, average, %": ("complies", "average"),
    "complies, worst templates, %": ("complies", "chosen"),
}


def data(metrics: Path, published: Path) -> pd.DataFrame:
    """One row per model, method and part at which the attack aims."""
    frame = with_bounds(report_metrics.read(metrics, "worst_case"))
    rows = []
    for model, methods in report_methods.methods_by_model(frame).items():
        for method in methods:
            of_method = frame[(frame["model"] == model) & (frame["method"] == method)]
            for part, cells in of_method.groupby("part", sort=False):
                row = {"model": model, "method": report_methods.label(method), "aims at": part}
                for heading, (measure, selection) in CELLS.items():
                    wanted = (cells["measure"] == measure) & (cells["selection"] == selection)
                    row[heading] = _cell(cells[wanted])
                sizes = {"items": cells["prompts"].max(), "queries": cells["queries"].max()}
                rows.append({**row, **{name: int(size) for name, size in sizes.items()}})
    return pd.DataFrame(rows).fillna("")


def _cell(rows: pd.DataFrame) -> str:
    if not len(rows):
        return ""
    return percent(*rows[["rate", "low", "high", "sd"]].iloc[0]) + mean_note(rows)
