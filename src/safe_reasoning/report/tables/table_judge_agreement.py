"""Table: agreement of each pair of judges on the run's texts."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from safe_reasoning.report import metrics as report_metrics
from safe_reasoning.report.tables.common import agreement_cells

CAPTION = """
**Do the judges agree with each other?** Each pair on the run's own texts, all methods together.
There are no human labels of reasoning, so this, and a sheet that a person fills in (``make
label-sheet``), is what can be said of it.
"""


def data(metrics: Path, published: Path) -> pd.DataFrame:
    """Agreement of each pair of judges on the run's own texts.

    Of reasoning no one else has labels.
    """
    rows = []
    for _, row in report_metrics.read(metrics, "judge_agreement").iterrows():
        pair = f"{row['judge']} and {row['other_judge']}".replace("_", " ")
        rows.append(
            {
                "model": row["model"],
                "judges": pair,
                "part": row["part"],
                "measure": row["measure"],
                **agreement_cells(row),
            }
        )
    return pd.DataFrame(rows)
