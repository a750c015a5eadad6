"""Table 1: GRPO with the response's reward against reasoning and response."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from safe_reasoning.report.tables.by_part import two_parts

CAPTION = """
**What to reward** (paper Table 1): GRPO rewarded for a safe response alone (y), or for safe
reasoning and response (z + y). The paper prints the second with a minus, most likely a misprint.
Rates with 95 % intervals, averaged over the safety sets; the paper's rows are for DS-8B, by set,
with marks. With several training seeds: mean ± standard deviation between seeds, and an interval
that holds it; the base has none.
"""


def data(metrics: Path, published: Path) -> pd.DataFrame:
    """GRPO rewarded for the response alone, and for reasoning and response."""
    return two_parts(metrics, published, ["base", "grpo_y", "grpo_zy"], "table1")
