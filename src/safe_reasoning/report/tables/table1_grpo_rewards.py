"""Table 1: GRPO with the response's reward against reasoning and response."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from safe_reasoning.report.tables.by_part import two_parts


def data(metrics: Path, published: Path) -> pd.DataFrame:
    """GRPO rewarded for the response alone, and for reasoning and response."""
    return two_parts(metrics, published, ["base", "grpo_y", "grpo_zy"], "table1")
