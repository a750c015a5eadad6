"""Table: harm in the average template, in each method's own worst one, and under attacks on it."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from safe_reasoning.report import methods as report_methods
from safe_reasoning.report import metrics as report_metrics
from safe_reasoning.report.scored import mean_note, with_bounds
from safe_reasoning.report.tables.common import percent

CAPTION = """
**Worst case.** *Templates*: every method is asked for the same held-out items in every template; of
each item its own worst template is chosen, for the part of the trace at which the attack aims.
Other attacks search for prompts against each method itself, by the harm of both parts. *Average*:
harm over all templates; of other attacks, of the same requests asked plainly. *Found*: harm in the
samples by which the search chose, which is too high by the choice. *Confirmed*: harm of the same
prompts with fresh seeds, the one to quote. *Complies*: with allowed requests on average and in the
forms that were chosen, so that a method that refuses every form wins nothing. *Queries*: samples a
request that the choice rests on at most, the same for all methods. 95 % intervals over requests,
and over seeds where there are several.
"""

CELLS = {
    "harmful, average, %": ("harmful", ("average", "plain")),
    "harmful, found, %": ("harmful", ("found",)),
    "harmful, confirmed, %": ("harmful", ("confirmed",)),
    "complies, average, %": ("complies", ("average", "plain")),
    "complies, worst case, %": ("complies", ("chosen",)),
}


def data(metrics: Path, published: Path) -> pd.DataFrame:
    """One row per model, method, attack and part of the trace."""
    frame = with_bounds(report_metrics.read(metrics, "worst_case"))
    rows = []
    for model, methods in report_methods.methods_by_model(frame).items():
        for method in methods:
            of_method = frame[(frame["model"] == model) & (frame["method"] == method)]
            for (attack, part), cells in of_method.groupby(["attack", "part"], sort=False):
                row = {"model": model, "method": report_methods.label(method), "attack": attack, "part": part}
                for heading, (measure, selections) in CELLS.items():
                    wanted = (cells["measure"] == measure) & cells["selection"].isin(selections)
                    row[heading] = _cell(cells[wanted])
                sizes = {"items": cells["prompts"].max(), "queries": cells["queries"].max()}
                rows.append({**row, **{name: int(size) for name, size in sizes.items()}})
    return pd.DataFrame(rows).fillna("")


def _cell(rows: pd.DataFrame) -> str:
    if not len(rows):
        return ""
    return percent(*rows[["rate", "low", "high", "sd"]].iloc[0]) + mean_note(rows)
