"""Table 3: ablations of IPO."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from safe_reasoning.report import methods as report_methods
from safe_reasoning.report.tables.by_part import two_parts


def data(metrics: Path, published: Path) -> pd.DataFrame:
    """Cue detector and training algorithm on the intervened pairs."""
    return two_parts(metrics, published, ["base", "sft", "dpo_full", "ipo", *report_methods.ABLATIONS], "table3")
