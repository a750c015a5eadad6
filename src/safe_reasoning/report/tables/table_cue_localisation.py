"""Table: first cues and triggers against the sentences at which the ratio turns."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from safe_reasoning.report import metrics as report_metrics
from safe_reasoning.report.tables.common import percent

CAPTION = """
**First cues and triggers against turning points**, by sentence, over the traces with a continuation
safety ratio. *Against*: the sentence with the unsafe or the safe turning point; in the nano world
also the first unsafe sentence, known exactly. *Before the end*: something is found at all; *in
time*: in that sentence or before it; *without*: it is found though the trace does not turn. Where
both are there: how often it is that very sentence, or within one, and the median distance in
sentences (above 0: found later). The row `ratio` has the unsafe turning point itself in place of a
find. A cue is willingness, which comes before harm: a negative distance is no error. 95 % intervals
over prompts.
"""
SHARES = {
    "found": "before the end",
    "seen_in_time": "in time",
    "found_without": "without",
    "first_exact": "same sentence",
    "first_within_one": "within one",
}


def data(metrics: Path, published: Path) -> pd.DataFrame:
    """One row per model, kind of find, detector and reference."""
    frame = report_metrics.read(metrics, "cue_localisation")
    return pd.DataFrame([_cells(row) for _, row in frame.iterrows()])


def _cells(row: pd.Series) -> dict[str, object]:
    cells: dict[str, object] = {
        "model": row["model"],
        "found": row["kind"].replace("_", " "),
        "by": row["detector"],
        "against": row["reference"].replace("_", " "),
        "traces": int(row["traces"]),
        "with it": int(row["positives"]),
        "left out": int(row["outside"] + row["undetermined"]),
    }
    for column, name in SHARES.items():
        shown = "" if pd.isna(row[column]) else percent(*(row[column + end] for end in ("", "_low", "_high")))
        cells[f"{name}, %"] = shown
    median, low, high = (row[f"first_offset{end}"] for end in ("", "_low", "_high"))
    interval = "" if pd.isna(low) else f" [{low:+.1f}, {high:+.1f}]"
    cells["distance, sentences"] = "" if pd.isna(median) else f"{median:+.1f}{interval}"
    return cells
