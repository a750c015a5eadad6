"""Rates and lengths that a finished run or the GPU check measured, for the plan of another run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from safe_reasoning.config import Config, load
from safe_reasoning.core.errors import UserError
from safe_reasoning.core.files import read_json
from safe_reasoning.plan.checked_config import checked
from safe_reasoning.plan.estimate import plan

ESTIMATE = "the configuration's estimate"
STORED = Path("results/reference")


@dataclass(frozen=True)
class Rates:
    """A configuration, and where its two rates come from.

    Attributes:
        known: False for a run without GPUs whose rates no one has given or measured: those of the
            configuration's defaults are of a GPU.
        base_seconds: of making a base model, where a finished run measured it.
    """

    config: Config
    generation: str = ESTIMATE
    training: str = ESTIMATE
    known: bool = True
    base_seconds: float = 0.0


def measured_rates(config: Config, measured: Path | None) -> Rates:
    """The configuration with what was measured instead of its own rates.

    Args:
        config: of the run to plan.
        measured: folder of a finished run, the GPU check's rates.json or its folder; none: the
            configuration's estimates stay. A run without GPUs that gives none takes those that are
            stored of an earlier run of its name.
    """
    given = "generation_tokens_per_gpu_second" in config.plan.model_fields_set
    if measured is None and not config.resources.gpus and not given:
        measured = STORED / config.run
        if not (measured / "metrics/steps.csv").exists():
            return Rates(config, known=False)
    if measured is None:
        return Rates(config)
    file = measured if measured.suffix == ".json" else measured / "rates.json"
    if file.exists() or measured.suffix == ".json":
        return with_gpu_rates(config, file)
    found = with_measured_rates(config, measured / "metrics")
    steps = pd.read_csv(measured / "metrics/steps.csv").groupby(["step", "model"])["seconds"].sum()
    base = float(steps.get("base model", pd.Series(0.0)).mean())
    rates = Rates(found, f"measured in {measured}", base_seconds=base)
    if trained := _training_rate(found, measured, float(steps.get("training", pd.Series(0.0)).sum())):
        changed = _changed(found, training_tokens_per_gpu_second=trained)
        rates = replace(rates, config=changed, training=f"measured in {measured}, by what a plan counts")
    return rates


def _training_rate(config: Config, run: Path, seconds: float) -> float | None:
    """Tokens a second with which a finished run's plan gives the seconds that its trainings took.

    None where the run keeps no configuration or trained nothing. A plan counts rows at most, so the
    rate is of such tokens, and right for plans alone.
    """
    file = run / "config.yaml"
    if not seconds or not file.exists():
        return None
    plan_there = load(file).plan.model_copy(
        update={
            key: getattr(config.plan, key)
            for key in ("generation_tokens_per_gpu_second", "completion_tokens")
        }
    )
    there = load(file).model_copy(update={"plan": plan_there})
    hours = sum(step.gpu_hours for step in plan(checked(there)) if step.stage.startswith("training "))
    return there.plan.training_tokens_per_gpu_second * hours * 3600 / seconds if hours else None


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
    if not (metrics / "turning_points.csv").exists():  # a run without these analyses
        return found
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
