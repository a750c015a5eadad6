"""Table: standard error against the number of samples per prompt."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from safe_reasoning.report import methods as report_methods
from safe_reasoning.report import metrics as report_metrics
from safe_reasoning.report.tables.common import SAFETY_PARTS

CAPTION = """
**Samples per prompt**: standard error, in points, of the average harm over the safety sets with 1,
2, ... samples of each prompt, by an analysis of variance of the stored verdicts; nothing was
sampled again. The mean rate does not depend on the number of samples, only its error does. The
next columns continue the last one. *One more sample* is of each prompt. *Same budget, new prompts*:
the same number of generations on prompts not yet asked. *Infinite samples* of these prompts: no
number of samples goes below. The last column is the part of the squared error that more samples can
reduce; the rest is chance in which prompts were asked. Chance in training is in none of them.
*Unknown* where each prompt was sampled once, and where all verdicts agree: then no spread was
seen, which does not say that there is none.
"""


def data(metrics: Path, published: Path) -> pd.DataFrame:
    """How the standard error of the average harm, in points, depends on the samples per prompt."""
    frame = report_methods.main_methods(report_metrics.read(metrics, "sample_count"))
    frame = frame[(frame["prompt_set"] == "safety_average") & (frame["measure"] == "harmful")]
    rows = []
    places = [
        (model, method, part)
        for model, methods in report_methods.methods_by_model(frame).items()
        for method in methods
        for part in SAFETY_PARTS
    ]
    for model, method, part in places:
        cell = frame[(frame["model"] == model) & (frame["method"] == method) & (frame["part"] == part)]
        if cell.empty:
            continue
        most = cell.iloc[-1]
        spread = bool((cell["standard_error"] > 0).any())
        errors = {
            f"{r.samples_per_prompt} per prompt": _points(r.standard_error, spread) for r in cell.itertuples()
        }
        names = {
            "model": model,
            "method": report_methods.label(method),
            "part": part,
            "prompts": most["prompts"],
            "rate, %": f"{100 * most['rate']:.1f}",
        }
        further = {
            "one more sample": _points(most["se_plus_one_sample"], spread),
            "same budget, new prompts": _points(most["se_same_budget_new_prompts"], spread),
            "infinite samples": _points(most["se_infinite_samples"], spread),
        }
        share = most["within_share"]
        rows.append(
            {
                **names,
                **errors,
                **further,
                "share of chance in sampling, %": "unknown" if pd.isna(share) else f"{100 * share:.0f}",
            }
        )
    return pd.DataFrame(rows).fillna("")


def _points(value: float, spread: bool) -> str:
    """An error in points; unknown where all verdicts agree, so that no spread was seen."""
    return f"{100 * value:.2f}" if spread and pd.notna(value) else "unknown"
