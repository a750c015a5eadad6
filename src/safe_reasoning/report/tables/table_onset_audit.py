"""Table: where detectors see the first cue, and where people saw harm begin."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from safe_reasoning.report import metrics as report_metrics
from safe_reasoning.report.tables.common import percent

CAPTION = """
**Cue detectors against the first unsafe sentence** that people marked in reasonings of open models
(Qwen3GuardTest, 2510.14276; CC BY-NC 4.0). *In time*: a cue is seen at that sentence or before it,
with its 95 % interval over reasonings. Where a cue is seen: how often in that very sentence, or within
one, and the median distance in sentences (above 0: later). A cue is willingness, which comes before
harm: a negative distance is no error.
"""


def data(metrics: Path, published: Path) -> pd.DataFrame:
    """One row per detector."""
    frame = report_metrics.read(metrics, "onset_audit")
    return pd.DataFrame(
        {
            "labels": row["source"],
            "detector": row["detector"],
            "reasonings": int(row["traces"]),
            "marked in the response": int(row["of_response"]),
            "undetermined": int(row["undetermined"]),
            "in time, %": percent(*(row[f"seen_in_time{end}"] for end in ("", "_low", "_high"))),
            "cue seen, %": _share(row["found"]),
            "same sentence, %": _share(row["first_exact"]),
            "within one, %": _share(row["first_within_one"]),
            "distance, sentences": "" if pd.isna(row["first_offset"]) else f"{row['first_offset']:+.1f}",
        }
        for _, row in frame.iterrows()
    )


def _share(value: float) -> str:
    return "" if pd.isna(value) else f"{100 * value:.1f}"
