"""Whether a run fits its machine: GPU memory of each kind of job, disk of all of them.

Formulas, not measurements; each is stated where it is used.
"""

from __future__ import annotations

import json
from pathlib import Path

from safe_reasoning.config import Config, Method
from safe_reasoning.core.errors import UserError
from safe_reasoning.judging.kinds import chat_of, weights_of
from safe_reasoning.training.recipe import recipe_of

GIB = 2**30 / 1e9  # billions of bytes
BYTES_OF_WEIGHTS = 2  # bfloat16
BYTES_OF_TRAINING = (
    # bfloat16 weights and gradients, float32 master weights and Adam's two moments (ZeRO paper,
    # arXiv 1910.02054, section 3)
    16
)
ACTIVATIONS_GIB = 10  # of one long sequence with checkpointing, logits included: our allowance
# Share of an engine's memory that weights may take; the rest is its key-value cache
LARGEST_WEIGHTS = 0.8
RESERVED = 0.9  # share of a GPU that can be used


def training_gib(parameters: float, method: Method) -> float:
    """Memory a GPU needs to train `parameters` billions with a method's DeepSpeed stage.

    Stage 3 shares all of 16 bytes a parameter between the processes, stage 2 all but the weights,
    no DeepSpeed nothing. LoRA trains next to nothing.
    """
    if method.lora_rank:
        return parameters * BYTES_OF_WEIGHTS / GIB + ACTIVATIONS_GIB
    path = method.deepspeed
    try:
        stage = json.loads(Path(path).read_text())["zero_optimization"]["stage"] if path else 0
    except FileNotFoundError:
        raise UserError(
            f"{path} does not exist: give a DeepSpeed configuration such as config/deepspeed/zero3.json"
        ) from None
    whole = {0: BYTES_OF_TRAINING, 1: 4, 2: 2, 3: 0}[stage]
    return (
        parameters * (whole + (BYTES_OF_TRAINING - whole) / (method.processes * method.nodes)) / GIB
        + ACTIVATIONS_GIB
    )


def _serving_problems(config: Config, name: str, billions: float) -> list[str]:
    serving = billions * BYTES_OF_WEIGHTS / GIB
    share = config.engine.gpu_memory_share / engines(config) * config.plan.gpu_memory_gib
    if serving <= LARGEST_WEIGHTS * share:
        return []
    return [
        f"{name}: sampling needs {serving:.0f} GiB for its weights, an engine takes {share:.0f} of a GPU: "
        "take larger GPUs, or raise engine.gpu_memory_share"
    ]


def engines(config: Config) -> int:
    """The most engines that one job of the run has open on a GPU."""
    names = {config.evaluate.judge, config.detector, *(method.detector for method in config.methods.values())}
    local = {name for name in names if chat_of(name, config) in config.models or weights_of(name, config)}
    attacks = [sum(chat in config.models for chat in set(attack.chats)) for attack in config.attacks.values()]
    asked = {config.evaluate.judge, config.detector} & local
    return max(1, *attacks, 1 + len(asked), 2 if local else 1)


def judge_problems(config: Config, parameters: dict[str, float]) -> list[str]:
    """One line for each judge whose own weights (billions of parameters) an engine can't hold."""
    return [
        line
        for source, billions in parameters.items()
        for line in _serving_problems(config, source, billions)
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
    have = RESERVED * config.plan.gpu_memory_gib
    found = []
    for model, billions in parameters.items():
        if not billions:
            continue
        found += _serving_problems(config, model, billions)
        if 2 * billions * 4 / GIB > have:
            found.append(
                f"{model}: the KL curve holds two models in float32, {2 * billions * 4 / GIB:.0f} GiB, a "
                f"GPU has {have:.0f} to use: take larger GPUs"
            )
        methods = {name: config.method(model, name) for name in config.methods_of(model)}
        trained = {
            name: training_gib(billions, method)
            for name, method in methods.items()
            if recipe_of(method).trained
        }
        if large := {name: needed for name, needed in trained.items() if needed > have}:
            found.append(
                f"training {', '.join(large)} on {model} needs up to {max(large.values()):.0f} GiB a GPU, "
                f"a GPU has {have:.0f} to use: "
                "raise processes, take config/deepspeed/zero3.json, or set lora_rank"
            )
        if wide := [name for name in trained if methods[name].processes > config.plan.gpus]:
            found.append(
                f"training {', '.join(wide)} on {model} takes {methods[wide[0]].processes} processes, "
                f"there are {config.plan.gpus} GPUs: "
                "lower processes, or raise plan.gpus"
            )
    if disk_needed_gib > disk_there_gib:
        found.append(
            f"results/{config.run} needs {disk_needed_gib:.0f} GiB of disk, {disk_there_gib:.0f} are "
            "free: free some, or name fewer methods"
        )
    return found
