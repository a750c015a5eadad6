"""Table: what the base model is like."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from safe_reasoning.report import metrics as report_metrics
from safe_reasoning.report.tables.common import percent

CAPTION = """
**The base model** before anything is done to it: the phenomena that the rest of this page is
about. Aims exist for the nano world only, where a model that always or never leaks would leave
nothing to measure; they are checked, never enforced.
"""


def data(metrics: Path, published: Path) -> pd.DataFrame:
    """What the untrained model does, next to what the nano world aims at."""
    frame = report_metrics.read(metrics, "base_model")
    frame["measured, %"] = [percent(r.rate, r.low, r.high) for r in frame.itertuples()]
    frame["aim, %"] = [
        ""
        if pd.isna(r.target_low)
        else f"{100 * r.target_low:.0f} to {100 * r.target_high:.0f}, {'met' if r.target_met else 'missed'}"
        for r in frame.itertuples()
    ]
    return frame[["model", "measure", "measured, %", "samples", "aim, %"]]
