"""Whether a run fits its machine: GPU memory of each kind of job, disk of all of them.

Formulas, not measurements; each is stated where it is used.
"""

from __future__ import annotations

import math

from safe_reasoning.config import Config
from safe_reasoning.config.engine import LARGEST_SHARE
from safe_reasoning.control.policy import annotators_of, copies_of
from safe_reasoning.judging.kinds import chat_of, engines_of, weights_of
from safe_reasoning.plan.training_memory import BYTES_OF_WEIGHTS, GIB, RESERVED, training_problems

BYTES = {"bfloat16": 2, "float32": 4}
# Share of an engine's memory that weights may take; the rest is its key-value cache
LARGEST_WEIGHTS = 0.8
# Of the KL curve beside its models: logits of one trace twice, states and output layer of the base
KL_GIB = 4

__all__ = ["BYTES_OF_WEIGHTS", "engines", "judge_problems", "problems"]


def _serving_problems(config: Config, name: str, billions: float) -> list[str]:
    needed = billions * BYTES[config.engine.dtype] / GIB
    count, memory = engines(config, name), config.plan.gpu_memory_gib
    share = config.engine.gpu_memory_share / count
    if needed <= LARGEST_WEIGHTS * share * memory:
        return []
    # Rounded up to a percent
    enough = math.ceil(100 * count * needed / LARGEST_WEIGHTS / memory) / 100
    repairs = []
    if enough <= LARGEST_SHARE:
        repairs.append(f"set engine.gpu_memory_share: {enough:g}")
    if config.engine.dtype == "float32":
        repairs.append("set engine.dtype: bfloat16")
    if count > 1:
        repairs.append("let endpoints judge and find cues, so that a job has one engine")
    shared = f"each of {count} engines of a job" if count > 1 else "an engine"
    return [
        f"{name}: sampling needs {needed:.0f} GiB for its weights, {shared} takes {share * memory:.0f} of a "
        f"GPU: {', or '.join([*repairs, 'take larger GPUs'])}"
    ]


def engines(config: Config, model: str) -> int:
    """The most engines that one job about a model, or about a judge's weights, has open on a GPU.

    They share `engine.gpu_memory_share` (`Engine.shared_by`). Weights that a policy holds beside
    them count as one more.
    """
    methods = config.methods_of(model) if model in config.models else list(config.methods)
    names = {config.evaluate.judge, config.detector, *(config.methods[name].detector for name in methods)}
    local = {name for name in names if chat_of(name, config) in config.models or weights_of(name, config)}
    attacks = [
        sum(chat in config.models for chat in set(attack.chats)) + (2 if attack.adapts else 0)
        for attack in config.attacks.values()
        if model in attack.chats or (attack.adapts and model in config.models)
    ]
    decoding = [
        engines_of(config, *asked) + copies_of(config, policy)
        for name in methods
        if (policy := config.methods[name].policy)
        for asked in [annotators_of(config, policy)]
        if model in config.models or model in {weights_of(one, config) for one in asked}
    ]
    asked = {config.evaluate.judge, config.detector} & local
    return max(1, *attacks, *decoding, 1 + len(asked), 2 if local else 1)


def judge_problems(config: Config, parameters: dict[str, float]) -> list[str]:
    """One line for each judge whose own weights (billions of parameters) an engine can't hold."""
    return [
        line
        for source, billions in parameters.items()
        for line in _serving_problems(config, source, billions)
    ]


def _kl_problems(config: Config, model: str, billions: float) -> list[str]:
    """A line where the models under the KL curve don't fit, with the settings that do."""
    settings, have = config.evaluate, RESERVED * config.plan.gpu_memory_gib

    def needed(dtype: str, one_by_one: bool) -> float:
        return (1 if one_by_one else 2) * billions * BYTES[dtype] / GIB + KL_GIB

    here = needed(settings.kl_dtype, settings.kl_one_by_one)
    if not settings.kl_traces or here <= have:
        return []
    ways = {
        "evaluate.kl_one_by_one: true": (settings.kl_dtype, True),
        "evaluate.kl_dtype: bfloat16": ("bfloat16", settings.kl_one_by_one),
        "both evaluate.kl_one_by_one: true and evaluate.kl_dtype: bfloat16": ("bfloat16", True),
    }
    fitting = {way: needed(*how) for way, how in ways.items() if needed(*how) <= have}
    if len(fitting) > 1:
        fitting.pop("both evaluate.kl_one_by_one: true and evaluate.kl_dtype: bfloat16", None)
    repairs = [f"{way} ({gib:.0f} GiB)" for way, gib in fitting.items()]
    return [
        f"{model}: the KL curve holds {'one model' if settings.kl_one_by_one else 'two models'} in "
        f"{settings.kl_dtype}, {here:.0f} GiB, a GPU has {have:.0f} to use: set "
        f"{', or '.join([*repairs, 'evaluate.kl_traces: 0 to leave it out'])}"
    ]


def _reflection_problems(config: Config, model: str, billions: float) -> list[str]:
    needed, have = 2 * billions * BYTES["float32"] / GIB + KL_GIB, RESERVED * config.plan.gpu_memory_gib
    if not config.evaluate.reflection_traces or needed <= have:
        return []
    return [
        f"{model}: the entropy along reasonings holds two models in float32, {needed:.0f} GiB, a GPU has "
        f"{have:.0f} to use: take larger GPUs, or set evaluate.reflection_traces: 0 to leave it out"
    ]


def problems(
    config: Config, parameters: dict[str, float], disk_needed_gib: float, disk_there_gib: float
) -> list[str]:
    """One line for each thing that would not fit, empty when all does.

    Args:
        config: its `plan` says what the machine has.
        parameters: billions of parameters of each model; 0 is a small one.
        disk_needed_gib: of the whole plan.
        disk_there_gib: free on the disk of results/, or what `plan.disk_gib` says.
    """
    found = []
    for model, billions in parameters.items():
        if billions:
            found += _serving_problems(config, model, billions)
            found += _kl_problems(config, model, billions) + _reflection_problems(config, model, billions)
            found += training_problems(config, model, billions)
    if disk_needed_gib > disk_there_gib:
        found.append(
            f"results/{config.run} needs {disk_needed_gib:.0f} GiB of disk, {disk_there_gib:.0f} are "
            "free: free some, or name fewer methods"
        )
    return found
