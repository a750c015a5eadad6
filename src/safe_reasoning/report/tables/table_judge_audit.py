"""Table: judges compared with people's labels."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from safe_reasoning.report import metrics as report_metrics
from safe_reasoning.report.tables.common import agreement_cells, percent

CAPTION = """
**Judges against people, in numbers**: texts, those that a judge left unscored (it could not decide,
or the copy of the data available leaves the text out), agreement, kappa, *false positives* (judged
harmful, or compliant, where people say no) and *false negatives*, each with its 95 % interval
from a bootstrap over requests (Wilson's where all resamples give one rate). None of these labels
is about reasoning.
"""

DATA = {"jailbreakbench": "JailbreakBench, harmful", "xstest": "XSTest, complies"}


def data(metrics: Path, published: Path) -> pd.DataFrame:
    """Agreement of every judge with people, its errors, and its Brier score where it gives
    probabilities.
    """
    rows = []
    for _, row in report_metrics.read(metrics, "judge_audit").iterrows():
        people = row["kind"] == "people"
        errors: dict[str, object] = {
            f"{name.replace('_', ' ')}, %": ""
            if people
            else percent(row[name], row[f"{name}_low"], row[f"{name}_high"])
            for name in ("false_positive", "false_negative")
        }
        brier = "" if pd.isna(row.get("brier")) else f"{row['brier']:.3f}"
        judge = str(row["judge"]).replace("_", " ")
        names: dict[str, object] = {"people say": DATA[row["data"]], "judge": judge}
        rows.append({**names, **agreement_cells(row), **errors, "Brier score": brier})
    return pd.DataFrame(rows)
