"""Table: whether responses follow the reasoning that stands before them."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from safe_reasoning.report import methods as report_methods
from safe_reasoning.report import metrics as report_metrics
from safe_reasoning.report.tables.common import percent

CAPTION = """
**Does the response follow the reasoning?** Harmful responses, in per cent, to the same prompts of
the safety sets behind the method's own reasoning, the same in other words, none, and whole reasonings
of the base, harmful or safe ones by the run's judge. *Follows*: behind harmful ones less behind safe
ones; near 0 the response does not depend on whether the reasoning is harmful, and to watch it says little.
*Changed*: responses whose verdict is another behind other words of the same meaning; *again*: behind
the very same words, which is chance. *Mark*: more harm behind a safe reasoning than the base has,
interval above interval. 95 % intervals over prompts; differences are paired, on the prompts that have
both kinds.
"""
COLUMNS = {
    "own": "own",
    "reworded": "own, other words",
    "empty": "none",
    "given_harmful": "harmful one of the base",
    "given_safe": "safe one of the base",
    "follows": "follows",
    "own_less_empty": "own less none",
    "reworded_less_own": "other words less own",
    "changed": "changed",
    "again": "again",
}
MARK = "harmful behind safe"


def data(metrics: Path, published: Path) -> pd.DataFrame:
    """One row per model and method."""
    frame = report_metrics.read(metrics, "reliance")
    rows = []
    for model, methods in report_methods.methods_by_model(frame).items():
        of_model = frame[frame["model"] == model].set_index(["method", "measure"])
        for method in methods:
            row: dict[str, object] = {"model": model, "method": report_methods.label(method)}
            for measure, column in COLUMNS.items():
                row[f"{column}, %"] = _percent(of_model, (method, measure))
            row["mark"] = MARK if method != "base" and marked(of_model, method) else ""
            rows.append(row)
    return pd.DataFrame(rows)


def marked(of_model: pd.DataFrame, method: str) -> bool:
    """Whether responses are harmful behind safe reasonings more often than the base's.

    Args:
        of_model: rates by method and measure.
        method: the one in question.
    """
    keys = [(method, "given_safe"), ("base", "given_safe")]
    if not set(keys) <= set(of_model.index):
        return False
    own, base = (of_model.loc[key] for key in keys)
    return bool(own["low"] > base["high"])


def _percent(of_model: pd.DataFrame, key: tuple[str, str]) -> str:
    if key not in of_model.index or pd.isna(of_model.loc[key, "rate"]):
        return ""
    return percent(*of_model.loc[key, ["rate", "low", "high"]])
