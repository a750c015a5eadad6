"""Table: harmful reasoning behind safe responses, and the reverse."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from safe_reasoning.report import methods as report_methods
from safe_reasoning.report import metrics as report_metrics
from safe_reasoning.report.tables.common import percent

CAPTION = """
**Leaks and escapes** of every method, in per cent of all generations with both parts scored,
average over the safety sets. *Leak*: harmful reasoning, safe response. *Escape*: safe reasoning,
harmful response. *DSAR*: the verdicts on both parts disagree, which is leak and escape together. A
method that cleans its responses alone has many leaks. 95 % intervals over prompts, and over seeds
where there are several. Single sets: `metrics/leaks.csv`.
"""

HEADINGS = {
    "leak": "leak",
    "escape": "escape",
    "dsar": "DSAR",
    "both_harmful": "both harmful",
    "both_safe": "both safe",
}


def data(metrics: Path, published: Path) -> pd.DataFrame:
    """One row per model and method, of the average over the safety sets."""
    frame = report_metrics.read(metrics, "leaks")
    frame = frame[frame["prompt_set"] == "safety_average"]
    rows = []
    for model, methods in report_methods.methods_by_model(frame).items():
        for method in methods:
            cells = frame[(frame["model"] == model) & (frame["method"] == method)].set_index("measure")
            shares = {
                heading: percent(*cells.loc[measure, ["rate", "low", "high", "sd"]])
                for measure, heading in HEADINGS.items()
            }
            scored, unscored = (int(cells.loc["leak", name]) for name in ("samples", "unscored"))
            names = {"model": model, "method": report_methods.label(method)}
            rows.append({**names, **shares, "generations": scored, "unscored": unscored})
    return pd.DataFrame(rows)
