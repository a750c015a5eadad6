"""Table: pairs of methods at matched compliance, a row with its ablation or its control."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from safe_reasoning.report import methods as report_methods
from safe_reasoning.report import metrics as report_metrics

CAPTION = """
**Pairs of methods at matched compliance.** Harm that the first leaves, minus that of the second, in
points, each read where it keeps nearly the help of the base. The pairs are those that
`evaluate.contrasts` names: a method and its ablation, or its control. Paired by prompt; 95 %
intervals over prompts, not corrected for the number of pairs. With several training seeds they hold
the spread between seeds too; with one, another training may turn the closer ones.
"""

HARMS = {"harmful reasoning": "reasoning", "harmful response": "response"}


def data(metrics: Path, published: Path) -> pd.DataFrame:
    """One row per pair, in points."""
    frame = report_metrics.read(metrics, "contrasts")
    rows = []
    for (model, method, reference), of_pair in frame.groupby(["model", "method", "reference"], sort=False):
        first, second = report_methods.label(str(method)), report_methods.label(str(reference))
        cells = {
            f"{name}, points": _points(of_pair[of_pair["part"] == part].iloc[0])
            for name, part in HARMS.items()
        }
        rows.append({"model": model, "compared": f"{first} − {second}", **cells})
    return pd.DataFrame(rows)


def _points(row: pd.Series) -> str:
    value, low, high = (100 * row[column] for column in ("difference", "low", "high"))
    return "unscored" if pd.isna(value) else f"{value:.1f} [{low:.1f}, {high:.1f}]"
