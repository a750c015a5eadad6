"""Table: risk and defence along reasonings."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from safe_reasoning.report import methods as report_methods
from safe_reasoning.report import metrics as report_metrics
from safe_reasoning.report.tables.common import percent

CAPTION = """
**Risk along reasonings**, sentence by sentence, average over the safety sets. *Risk* and *defence*:
share of sentences. *Late risk*: the same, the t-th sentence weighing t. *Onset*: how far the
reasoning has come at the first risky sentence. *Aware*: a sentence before it, or any where none is
risky, names what is wrong. *Converted*: of reasonings with a risky sentence, those without one in
the last third. In the nano world risk is a recipe step of a restricted item and defence a known
sentence, both exact; elsewhere they are phrases of the lexical judge, which see wording and not
content. Reasonings that never ended are left out; a cell is empty where a set has no reasoning with
risk. Measures of our own, after the idea of SafeRBench, and none of its numbers. 95 % intervals
over prompts, and over seeds where there are several. Single sets: `metrics/chunks.csv`.
"""

HEADINGS = {
    "risk_density": "risk, %",
    "late_weighted_risk": "late risk, %",
    "defence_density": "defence, %",
    "intent_awareness": "aware, %",
    "onset": "onset, %",
    "conversion": "converted, %",
}


def data(metrics: Path, published: Path) -> pd.DataFrame:
    """One row per model and method, of the average over the safety sets."""
    frame = report_metrics.read(metrics, "chunks")
    frame = frame[frame["prompt_set"] == "safety_average"]
    rows = []
    for model, methods in report_methods.methods_by_model(frame).items():
        for method in methods:
            cells = frame[(frame["model"] == model) & (frame["method"] == method)].set_index("measure")
            means = {heading: _cell(cells.loc[measure]) for measure, heading in HEADINGS.items()}
            counts = {
                "reasonings": int(cells.loc["risk_density", "samples"]),
                "with risk": int(cells.loc["onset", "samples"]),
                "left out": int(cells.loc["risk_density", "unscored"]),
            }
            names = {"model": model, "method": report_methods.label(method)}
            rows.append({**names, **means, **counts})
    return pd.DataFrame(rows)


def _cell(row: pd.Series) -> str:
    """Empty where a set has no reasoning with that measure, as where none is risky."""
    return "" if pd.isna(row["rate"]) else percent(row["rate"], row["low"], row["high"], row["sd"])
