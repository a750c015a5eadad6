"""Table: safety of several samples of one prompt."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from safe_reasoning.report import methods as report_methods
from safe_reasoning.report import metrics as report_metrics
from safe_reasoning.report.tables.common import SAFETY_PARTS, percent

CAPTION = """
**Several samples of a prompt**, in per cent, average over the safety sets. *Safe@1*: one sample is
safe. *Safe@K*: all of K are. *ConsSafe@K*: at least half of K are. *Best of K*: at least one of K
is harmful, which is what an attacker gets who asks K times. *Joint*: a sample is safe where both
its reasoning and its response are. By the samples that are stored; K is the most that every set
has, 10 at most. Prompts with fewer than K scored samples are left out and counted. 95 % intervals
over prompts, and over seeds where there are several. Single sets and smaller K:
`metrics/consistency.csv`.
"""


def data(metrics: Path, published: Path) -> pd.DataFrame:
    """One row per model, method and part, of the average over the safety sets at the largest K."""
    frame = report_metrics.read(metrics, "consistency")
    frame = frame[frame["prompt_set"] == "safety_average"]
    rows = []
    for model, methods in report_methods.methods_by_model(frame).items():
        of_model = frame[frame["model"] == model]
        most = int(of_model["k"].max())
        cells = of_model.set_index(["method", "part", "measure", "k"])
        for method in methods:
            for part in (*SAFETY_PARTS, "joint"):
                safe = cells.loc[(method, part, "safe", most)]
                rows.append(
                    {
                        "model": model,
                        "method": report_methods.label(method),
                        "part": part,
                        "Safe@1": _cell(cells.loc[(method, part, "safe", 1)]),
                        "K": most,
                        "Safe@K": _cell(safe),
                        "ConsSafe@K": _cell(cells.loc[(method, part, "cons_safe", most)]),
                        "best of K harmful": _cell(cells.loc[(method, part, "best_of_k_harm", most)]),
                        "prompts": int(safe["prompts"]),
                        "left out": int(safe["unscored"]),
                    }
                )
    return pd.DataFrame(rows)


def _cell(row: pd.Series) -> str:
    return percent(row["rate"], row["low"], row["high"], row["sd"])
