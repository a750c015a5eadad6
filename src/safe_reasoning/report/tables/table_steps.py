"""Table: cost of each step of the run."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from safe_reasoning.report import metrics as report_metrics

CAPTION = """
**Time and tokens of each step**: seconds of sampling or training. Start-up of engines, judging
and drawing are not counted, and steps may run side by side, so the sum is not the run's wall
time.
"""


def data(metrics: Path, published: Path) -> pd.DataFrame:
    """Generations, tokens and seconds of each step of the run."""
    frame = report_metrics.read(metrics, "steps")
    whole = frame[["generations", "generated_tokens", "seconds"]].round().astype("Int64")
    frame[whole.columns] = whole
    return frame
