"""Table 3: ablations of IPO."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from safe_reasoning.report import methods as report_methods
from safe_reasoning.report.tables.by_part import two_parts

CAPTION = """
**Ablations** (paper Table 3): the cue detector behind the pairs, and the algorithm on the same
pairs. With a shared prefix the DPO loss of whole traces equals that of suffixes exactly, so whole
traces and IPO can differ only through IPO's NLL term and chance: the paper's gap between them
needs another explanation. The paper's rows are for DS-8B on StrongREJECT, with marks. With
several training seeds: mean ± standard deviation between seeds, and an interval that holds it;
the base has none.
"""


def data(metrics: Path, published: Path) -> pd.DataFrame:
    """Cue detector and training algorithm on the intervened pairs."""
    return two_parts(
        metrics, published, ["base", "sft", "dpo_full", "ipo", *report_methods.ABLATIONS], "table3"
    )
