"""Rates and lengths that a finished run or the GPU check measured, for the plan of another run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from safe_reasoning.config import Config
from safe_reasoning.core.errors import UserError
from safe_reasoning.core.files import read_json

ESTIMATE = "the configuration's estimate"


@dataclass(frozen=True)
class Rates:
    """A configuration, and where its two rates come from."""

    config: Config
    generation: str = ESTIMATE
    training: str = ESTIMATE


def measured_rates(config: Config, measured: Path | None) -> Rates:
    """The configuration with what was measured instead of its own rates.

    Args:
        config: of the run to plan.
        measured: folder of a finished run, the GPU check's rates.json or its folder; none: the
            configuration's estimates stay.
    """
    if measured is None:
        return Rates(config)
    file = measured if measured.suffix == ".json" else measured / "rates.json"
    if file.exists() or measured.suffix == ".json":
        return with_gpu_rates(config, file)
    return Rates(with_measured_rates(config, measured / "metrics"), f"measured in {measured}")


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
    found = _changed(config, generation_tokens_per_gpu_second=rate, completion_tokens=tokens)
    points = pd.read_csv(metrics / "turning_points.csv")
    prompts = len(points[["model", "prompt_id"]].drop_duplicates())
    followed = _followed_share(pd.read_csv(metrics / "csr_curves.csv"), prompts, steps["generations"])
    return found if followed is None else _changed(found, followed_share=followed)


def _followed_share(curves: pd.DataFrame, prompts: int, generations: pd.Series[int]) -> float | None:
    """Chance that the next sampled token is that of the trace, such that a run had that many
    continuations to sample; None for a run that reused none.

    Args:
        curves: the run's metrics/csr_curves.csv.
        prompts: whose traces these are.
        generations: by step.
    """
    lengths = curves.groupby(["model", "trace"])["prefix_tokens"].agg(["max", "size"])
    # Counts at the prefixes behind the first, which is sampled once a prompt
    each = (curves["continuations"] + curves["unscored"]).max()
    further = each * (lengths["size"] - 1).sum()
    sampled = generations.get("continuation safety ratio", 0) - each * prompts
    if not 0 <= sampled < further:
        return None
    stride = lengths["max"].sum() / (lengths["size"] - 1).sum()
    return float((1 - sampled / further) ** (1 / stride))


def with_gpu_rates(config: Config, file: Path) -> Rates:
    """The configuration with the rates of the GPU check: the harmonic mean over the models of the
    paper's shapes, since each does about the same work.

    A file of a trial, on a CPU or with narrower models, is a UserError. A rate that the check did
    not get to stays the configuration's.
    """
    content = read_json(file)
    measured = content.get("measured", {})
    if content.get("stage") != "rates" or content.get("device") != "cuda" or _narrow(measured):
        raise UserError(f"{file} holds no rates of a GPU: give rates.json of make gpu-check, run on one")
    on = f"measured on {measured.get('card', 'a GPU')} with random weights"
    batch, sampled = _sampled(measured, config.engine.max_num_seqs)
    length, trained = _trained(measured, config.plan.completion_tokens["align_harmful"])
    found: dict[str, Any] = {}
    generation = training = ESTIMATE
    if sampled:
        found["generation_tokens_per_gpu_second"] = _harmonic(list(sampled.values()))
        engine = measured.get("engine", "transformers")
        generation = f"{on} of {', '.join(sampled)}, {engine}, {batch} sequences"
        if config.engine.name != engine:
            generation += f"; the run uses {config.engine.name}, which was not measured"
    if trained:
        found["training_tokens_per_gpu_second"] = _harmonic(list(trained.values()))
        training = (
            f"{on} of {', '.join(trained)}, pairs of twice {length} tokens, carried from few layers, "
            "without communication between GPUs"
        )
    return Rates(_changed(config, **found), generation, training)


def _changed(config: Config, **values: Any) -> Config:
    return config.model_copy(update={"plan": config.plan.model_copy(update=values)})


def _narrow(measured: dict[str, Any]) -> bool:
    return bool(measured.get("widths divided by", 1) != 1)


def _harmonic(values: Sequence[float]) -> float:
    return len(values) / sum(1 / value for value in values)


def _sampled(measured: dict[str, Any], most: int) -> tuple[int, dict[str, float]]:
    """The largest batch size up to `most` that fits every shape, and tokens a second by shape."""
    suffix = ": sampling by batch size"
    shapes = {
        name.removesuffix(suffix): {
            int(batch): entry["tokens_per_second"] for batch, entry in value.items() if entry["fits"]
        }
        for name, value in measured.items()
        if name.endswith(suffix)
    }
    common = set.intersection(*(set(rates) for rates in shapes.values())) if shapes else set()
    usable = [batch for batch in common if batch <= most]
    if not usable:
        return 0, {}
    return max(usable), {name: rates[max(usable)] for name, rates in shapes.items()}


def _trained(measured: dict[str, Any], tokens: float) -> tuple[int, dict[str, float]]:
    """The shortest measured length of at least `tokens` (else the longest), and trained tokens a
    second by shape.
    """
    by_length: dict[int, dict[str, float]] = {}
    for name, value in measured.items():
        if name.endswith(", whole model"):
            shape, _, rest = name.partition(": training at ")
            by_length.setdefault(int(rest.split()[0]), {})[shape] = value["tokens_per_second"]
    if not by_length:
        return 0, {}
    long_enough = [length for length in by_length if length >= tokens]
    length = min(long_enough) if long_enough else max(by_length)
    return length, by_length[length]
