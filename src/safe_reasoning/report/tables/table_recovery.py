"""Table: harm that methods add to beginnings of harmful reasonings."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from safe_reasoning.report import methods as report_methods
from safe_reasoning.report import metrics as report_metrics
from safe_reasoning.report.scored import mean_note, with_bounds
from safe_reasoning.report.tables.common import percent

CAPTION = """
**Recovery.** Each method continues the same harmful reasonings of the base model. Harm of what it
adds: before any sentence is given, after the last cut, and over all cuts together. A method that
was trained to turn back is low in all three. Where continuations are unscored, how many are not and
the rate's bounds follow. 95 % intervals over prompts.
"""


def data(metrics: Path, published: Path) -> pd.DataFrame:
    """Harm of the continuations in per cent, one row per method."""
    frame = with_bounds(report_metrics.read(metrics, "recovery"))
    last = int(frame["sentences"].max())
    rows = []
    for model, methods in report_methods.methods_by_model(frame).items():
        for method in methods:
            here = frame[(frame["model"] == model) & (frame["method"] == method)]
            row = {"model": model, "method": report_methods.label(method)}
            for part in ("reasoning", "response"):
                of_part = here[here["part"] == part]
                for where, cell in (
                    ("no sentence given", of_part[of_part["sentences"] == 0]),
                    (f"{last} given", of_part[of_part["sentences"] == last]),
                    ("all cuts", of_part[of_part["sentences"].isna()]),
                ):
                    row[f"harmful {part}, %, {where}"] = _cell(cell)
            rows.append({**row, "prompts": int(here["prompts"].max())})
    return pd.DataFrame(rows).fillna("")


def _cell(rows: pd.DataFrame) -> str:
    return percent(*rows[["rate", "low", "high"]].mean()) + mean_note(rows) if len(rows) else ""
