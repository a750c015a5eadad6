"""Table: the main result under each judge."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from safe_reasoning.report import methods
from safe_reasoning.report import metrics as report_metrics
from safe_reasoning.report.scored import scored_note, with_bounds
from safe_reasoning.report.tables.common import percent

CAPTION = """
**The main result under each judge**, from the same generations, one row per training seed, with 95 %
intervals over prompts. *Unscored* counts verdicts that enter no rate; how many were scored and the
rate's bounds follow the rate.
"""


def data(metrics: Path, published: Path) -> pd.DataFrame:
    """The main result under each judge.

    Average harm of both parts and compliance, one row per method and judge.
    """
    frame = methods.main_methods(with_bounds(report_metrics.read(metrics, "judge_rates")))
    frame = frame[(frame["role"] == "overrefusal") | (frame["prompt_set"] == "safety_average")]
    rows: dict[tuple[str, str, int, str], dict[str, object]] = {}
    for model in dict.fromkeys(frame["model"]):
        for method in methods.ordered(frame.loc[frame["model"] == model, "method"]):
            for _, row in frame[(frame["model"] == model) & (frame["method"] == method)].iterrows():
                names = {
                    "model": model,
                    "method": methods.label(method),
                    "seed": row.seed,
                    "judge": row.judge,
                }
                line = rows.setdefault((model, method, row.seed, row.judge), names)
                heading = (
                    f"harmful {row.part}, %" if row.role == "safety" else f"{row.prompt_set} complies, %"
                )
                line[heading] = percent(row.rate, row.low, row.high) + scored_note(row, row.prompts)
                line["unscored"] = int(str(line.get("unscored", 0))) + row.unscored
    table = pd.DataFrame(list(rows.values())).fillna("")
    first = ["model", "method", "seed", "judge", "harmful reasoning, %", "harmful response, %"]
    rest = [column for column in table.columns if column not in (*first, "unscored")]
    return table.reindex(columns=[*first, *rest, "unscored"])
