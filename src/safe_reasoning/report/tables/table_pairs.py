"""Table: attempts at pairs and their outcomes."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from safe_reasoning.report import metrics as report_metrics

CAPTION = """
**Pairs**: how many attempts gave a pair, and where the others ended (no cue in the rollout,
and how many of these were harmful nevertheless, which is harm that no pair holds;
*undetermined cue*, where the detector's reply could not be read; given up because a cue was left). The
paper obtained 1,438, 1,346 and 520 pairs from 1,000 prompts and six triggers per model.
"""


def data(metrics: Path, published: Path) -> pd.DataFrame:
    """Where the attempts at pairs ended, then the paper's counts."""
    frame = report_metrics.read(metrics, "pairs")
    counts = frame.select_dtypes("number").columns
    frame[counts] = frame[counts].astype("Int64")
    paper = report_metrics.read_published(published, "other").query("item == 'pairs'")
    rows = [
        {
            "model": f"paper, {r.model}",
            "source": "intervened",
            "detector": "GPT-4o",
            "pairs": f"{r.value:.0f} ({r.mark})",
        }
        for r in paper.itertuples()
    ]
    return pd.concat([frame.astype(object), pd.DataFrame(rows)], ignore_index=True).fillna("")
