"""Table: overlap of test and training prompts."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from safe_reasoning.report import metrics as report_metrics

CAPTION = """
**Contamination**: test prompts that overlap with training prompts. *Same words*: without case and
punctuation. *13 words in a row*: a shared run of that length; shorter prompts have none. *Near
duplicate*: at least 0.7 of their three-word runs in common. In the nano world all prompts of one
kind share their wording and differ by the item's name, which near duplicates show; held-out items
are never those of the training.
"""


def data(metrics: Path, published: Path) -> pd.DataFrame:
    """Test prompts that overlap with training prompts, by kind."""
    frame = report_metrics.read(metrics, "contamination")
    names = {"ngram13": "13 words in a row", "near_duplicate": "near duplicate", "exact": "same words"}
    return frame.rename(
        columns={
            **names,
            "training_set": "training set",
            "training_prompts": "its prompts",
            "prompt_set": "test set",
        }
    )
