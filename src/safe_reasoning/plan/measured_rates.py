"""Rates and lengths that a finished run measured, for the plan of another."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from safe_reasoning.config import Config


def with_measured_rates(config: Config, metrics: Path) -> Config:
    """The configuration with the rates and lengths that a finished run measured (its
    metrics/steps.csv) instead of its own.
    """
    steps = (
        pd.read_csv(metrics / "steps.csv")
        .groupby("step")[["generations", "generated_tokens", "seconds"]]
        .sum()
    )
    sampled = steps[steps["generations"] > 0].drop(index="training", errors="ignore")
    rate = float(sampled["generated_tokens"].sum() / sampled["seconds"].sum())
    length = {step: float(row["generated_tokens"] / row["generations"]) for step, row in sampled.iterrows()}
    tokens = dict(config.plan.completion_tokens)
    for role in tokens:
        tokens[role] = length[
            "evaluation" if role in ("safety", "overrefusal", "capability") else "rollouts of the base"
        ]
    measured = config.plan.model_copy(
        update={"generation_tokens_per_gpu_second": rate, "completion_tokens": tokens}
    )
    return config.model_copy(update={"plan": measured})
