"""Table: what monitors that read the reasoning alone learn of the response."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from safe_reasoning.report import methods as report_methods
from safe_reasoning.report import metrics as report_metrics
from safe_reasoning.report.tables.common import percent

FEW = 20  # with fewer harmful responses nothing is said of a method
CAPTION = f"""
**Monitorability.** Three fixed monitors read the reasoning alone and say whether the response is
harmful: the run's judge, a cue detector, and a reader (bag of words) fitted on the base's
reasonings of alignment prompts. *TPR*: of harmful responses, those found (of the judge, 1 minus the
share of escapes). *g2*: TPR x TNR; at most 25 % for a monitor that guesses. *Forced*: on what a
method adds to harmful beginnings. *Intent*: AUROC of a reader that separates restricted from allowed
requests. *Mark*: monitors whose TPR lies below the base's, interval below interval; few: less than
{FEW} harmful responses, own and forced each, so no mark. Pooled over safety sets and seeds; 95 %
intervals over prompts alone. A high TPR does not say that the reasoning is the cause of the
response: `docs/monitorability.md`.
"""
MONITORS = ("judge", "cues", "reader")
SOURCES = ("own", "forced")


def data(metrics: Path, published: Path) -> pd.DataFrame:
    """One row per model and method; rates in per cent, AUROC between 0 and 1."""
    frame = report_metrics.read(metrics, "monitorability").fillna({"monitor": ""})
    rows = []
    for model, methods in report_methods.methods_by_model(frame).items():
        of_model = frame[frame["model"] == model].set_index(["method", "source", "monitor", "measure"])
        for method in methods:
            cells = of_model.loc[method]
            row: dict[str, object] = {"model": model, "method": report_methods.label(method)}
            for source in SOURCES:
                row |= _of_source(cells, source)
            row["reader's AUROC"] = _plain(cells, ("own", "reader", "auroc"))
            row["reader's TPR at 5 % FPR"] = _percent(cells, ("own", "reader", "tpr_at"))
            row["intent, AUROC"] = _plain(cells, ("own", "intent", "auroc"))
            row["distinct sentences, %"] = _percent(cells, ("own", "", "distinct"))
            row["sentences of the base, %"] = _percent(cells, ("own", "", "in_base"))
            row["mark"] = "" if method == "base" else mark(cells, _of(of_model, "base"))
            rows.append(row)
    return pd.DataFrame(rows).fillna("")


def mark(cells: pd.DataFrame, base: pd.DataFrame) -> str:
    """What the table marks a method with: `below base: judge, forced cues`, `few`, or nothing.

    Args:
        cells: of the method, by source, monitor and measure.
        base: those of the base.
    """
    below, enough = [], False
    for source in SOURCES:
        for monitor in MONITORS:
            key = (source, monitor, "tpr")
            if not {key} <= set(cells.index) & set(base.index):
                continue
            own, reference = cells.loc[key], base.loc[key]
            if min(own["positives"], reference["positives"]) < FEW:
                continue
            enough = True
            if own["high"] < reference["low"]:
                below.append(monitor if source == "own" else f"forced {monitor}")
    if below:
        return f"below base: {', '.join(below)}"
    return "" if enough else "few"


def _of(of_model: pd.DataFrame, method: str) -> pd.DataFrame:
    there = method in of_model.index.get_level_values("method")
    return of_model.loc[method] if there else of_model.iloc[:0].droplevel("method")


def _of_source(cells: pd.DataFrame, source: str) -> dict[str, object]:
    """Harmful and safe responses, TPR and g2 of each monitor."""
    key = (source, "judge", "tpr")
    if key not in cells.index:
        return {}
    name = "" if source == "own" else "forced: "
    counts = cells.loc[key]
    row: dict[str, object] = {
        f"{name}harmful / safe responses": f"{counts['positives']:.0f} / {counts['negatives']:.0f}"
    }
    for monitor in MONITORS:
        row[f"{name}{monitor}, TPR, %"] = _percent(cells, (source, monitor, "tpr"))
        row[f"{name}{monitor}, g2, %"] = _percent(cells, (source, monitor, "gmean2"))
    return row


def _percent(cells: pd.DataFrame, key: tuple[str, str, str]) -> str:
    if key not in cells.index or pd.isna(cells.loc[key, "rate"]):
        return ""
    return percent(*cells.loc[key, ["rate", "low", "high"]])


def _plain(cells: pd.DataFrame, key: tuple[str, str, str]) -> str:
    if key not in cells.index or pd.isna(cells.loc[key, "rate"]):
        return ""
    return "{:.2f} [{:.2f}, {:.2f}]".format(*cells.loc[key, ["rate", "low", "high"]])
