"""Table: work behind each method."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from safe_reasoning.report import methods as report_methods
from safe_reasoning.report import metrics as report_metrics

CAPTION = """
**Costs**: generations, generated tokens and seconds behind each method. GRPO samples while it
trains, so its seconds are all training. Generations are for each harmful prompt; both stages hold
the sampling and training of the first. The paper's rows are for DS-8B on its own hardware, with
marks.
"""


def data(metrics: Path, published: Path) -> pd.DataFrame:
    """Generations, tokens and seconds a method, then the paper's numbers."""
    frame = report_metrics.read(metrics, "efficiency").round(1)
    frame["pairs"] = frame["pairs"].astype("Int64")
    frame["method"] = frame["method"].map(report_methods.label)
    rows = []
    for (model, method), cell in (
        report_metrics.read_published(published, "other")
        .query("item == 'efficiency'")
        .groupby(["model", "method"], sort=False)
    ):
        row = {"model": f"paper, {model}", "method": method}
        for r in cell.itertuples():
            bound = "at most " if "upper" in r.series else "at least " if "lower" in r.series else ""
            heading = "generations_per_prompt" if r.unit == "count" else "training_seconds"
            row[heading] = f"{bound}{r.value if r.unit == 'count' else 60 * r.value:.0f} ({r.mark})"
        rows.append(row)
    return pd.concat([frame.astype(object), pd.DataFrame(rows)], ignore_index=True).fillna("")
