"""Tables of harmful reasoning and harmful response by method, with the paper's rows."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from safe_reasoning.report import metrics as report_metrics
from safe_reasoning.report.tables.common import NAME, SAFETY_PARTS, pivot, rate_cells


def _published_other(published: Path, item: str) -> pd.DataFrame:
    frame = report_metrics.read_published(published, "other").query("item == @item")
    rows = []
    for method, cell in frame.groupby("method", sort=False):
        row = {NAME: f"paper, DS-8B, {method}"}
        for part in SAFETY_PARTS:
            found = [
                f"{r.series.split('/')[0]} {r.value} ({r.mark})"
                for r in cell.itertuples()
                if str(r.series).endswith(part)
            ]
            row[f"harmful {part}, %"] = "; ".join(found)
        rows.append(row)
    return pd.DataFrame(rows)


def two_parts(metrics: Path, published: Path, methods: list[str], item: str) -> pd.DataFrame:
    """Average harm of both parts for some methods, then the paper's rows of a table."""
    frame = rate_cells(metrics)
    columns = [(f"harmful {part}, %", "safety_average", part, "harmful") for part in SAFETY_PARTS]
    ours = pivot(frame[frame["method"].isin(methods)], columns).drop(
        columns=["model", "method"], errors="ignore"
    )
    return pd.concat([ours, _published_other(published, item)], ignore_index=True).fillna("")
