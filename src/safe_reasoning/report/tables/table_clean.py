"""Table: the main result without prompts that overlap with training."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from safe_reasoning.report import methods as report_methods
from safe_reasoning.report.tables.common import rate_cells

CAPTION = """
**Without overlapping prompts**: the average harm over the safety sets once more, with every test
prompt left out that the table above counts. Empty where a set has no prompt left.
"""


def data(metrics: Path, published: Path) -> pd.DataFrame:
    """Average harm of both parts on all test prompts, and without those that overlap with training
    prompts.
    """
    tables = {"all prompts": rate_cells(metrics), "without overlap": rate_cells(metrics, "rates_clean")}
    rows: dict[tuple[str, str], dict[str, object]] = {}
    for heading, frame in tables.items():
        for row in report_methods.main_methods(frame[frame["prompt_set"] == "safety_average"]).itertuples():
            line = rows.setdefault(
                (row.model, row.method),
                {"model": row.model, "method": report_methods.label(row.method), "seeds": row.seeds},
            )
            line[f"harmful {row.part}, %, {heading}"] = row.cell
            line[f"prompts, {heading}"] = row.prompts
    columns = [
        f"{what}, {heading}"
        for what in ("harmful reasoning, %", "harmful response, %", "prompts")
        for heading in tables
    ]
    return (
        pd.DataFrame(list(rows.values())).reindex(columns=["model", "method", "seeds", *columns]).fillna("")
    )
