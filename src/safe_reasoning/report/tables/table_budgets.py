"""Table: what each method was given."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from safe_reasoning.report import methods as report_methods
from safe_reasoning.report import metrics as report_metrics

CAPTION = """
**Budgets.** Steps, rows of a step and learning rate of each training; tokens that went through it,
prompts included (of GRPO the completions that it sampled); completions and tokens sampled for it,
rollouts that its rows were picked from included; seconds of sampling and training together. The
mean over seeds. A second stage holds the first.
"""

HEADINGS = {
    "rows_per_step": "rows of a step",
    "learning_rate": "learning rate",
    "trained_tokens": "tokens trained on",
    "generations": "completions sampled",
    "generated_tokens": "tokens sampled",
}


def data(metrics: Path, published: Path) -> pd.DataFrame:
    """One row per model and method."""
    frame = report_metrics.read(metrics, "budgets")
    means = frame.drop(columns="seed").groupby(["model", "method"], sort=False).mean().reset_index()
    places = [means[means["model"] == model] for model in dict.fromkeys(means["model"])]
    rows = pd.concat(
        [
            cell.set_index("method").loc[report_methods.ordered(cell["method"])].reset_index()
            for cell in places
        ]
    )
    rows = rows[["model", *(column for column in rows.columns if column != "model")]]
    for column in ("steps", "rows_per_step", "trained_tokens", "generations", "generated_tokens"):
        rows[column] = rows[column].round().astype("Int64")
    rows["seconds"] = rows["seconds"].round(1)
    rows["method"] = rows["method"].map(report_methods.label)
    return rows.rename(columns=HEADINGS).reset_index(drop=True)
