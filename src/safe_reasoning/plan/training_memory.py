"""Memory of a GPU that trains, and what to set where it is not enough.

Formulas, not measurements; each is stated where it is used.
"""

from __future__ import annotations

import json
import math
from pathlib import Path

from safe_reasoning.config import Config, Method
from safe_reasoning.core.errors import UserError
from safe_reasoning.judging.kinds import weights_of
from safe_reasoning.sources.table import parameters as parameters_of_source
from safe_reasoning.training.recipe import recipe_of

GIB = 2**30 / 1e9  # billions of bytes
BYTES_OF_WEIGHTS = 2  # bfloat16
BYTES_OF_TRAINING = (
    # bfloat16 weights and gradients, float32 master weights and Adam's two moments (ZeRO paper,
    # arXiv 1910.02054, section 3)
    16
)
# Billions of trained parameters for each rank and billion of weights: adapters on all linear layers
# of an 8B Llama have 2.6 million for each rank
ADAPTERS = 0.33e-3
ACTIVATIONS_GIB = 10  # of one long sequence with checkpointing, logits included: our allowance
RESERVED = 0.9  # share of a GPU that can be used
# Share of a colocated engine's memory that weights may take; the rest is its key-value cache
LARGEST_WEIGHTS = 0.8
ZERO3 = "config/deepspeed/zero3.json"
RANK = 16  # of the LoRA that is proposed
LARGER = "take larger GPUs"
NAMED = 5  # names in a line
OUT = "leave it out (methods.<name>: null)"


def training_gib(parameters: float, method: Method) -> float:
    """Memory a GPU needs to train `parameters` billions with a method's DeepSpeed stage.

    Stage 3 shares all of 16 bytes a parameter between the processes, stage 2 all but the weights,
    no DeepSpeed nothing. LoRA trains its adapters alone; each process holds the frozen weights.
    """
    if method.lora_rank:
        trained = parameters * ADAPTERS * method.lora_rank * BYTES_OF_TRAINING
        return (parameters * BYTES_OF_WEIGHTS + trained) / GIB + ACTIVATIONS_GIB
    path = method.deepspeed
    try:
        stage = json.loads(Path(path).read_text())["zero_optimization"]["stage"] if path else 0
    except FileNotFoundError:
        raise UserError(f"{path} does not exist: give a DeepSpeed configuration such as {ZERO3}") from None
    whole = {0: BYTES_OF_TRAINING, 1: 4, 2: 2, 3: 0}[stage]
    return (
        parameters * (whole + (BYTES_OF_TRAINING - whole) / (method.processes * method.nodes)) / GIB
        + ACTIVATIONS_GIB
    )


def _engines_inside(config: Config, method: Method, billions: float) -> list[float]:
    """Billions of parameters of each engine that a training has open beside it on its GPU."""
    recipe = recipe_of(method)
    if not recipe.learns_from_prompts or config.engine.name != "vllm":
        return []
    judge = weights_of(config.evaluate.judge, config) if recipe.rewarded else None
    return [billions, *([parameters_of_source(judge)] if judge else [])]


def training_problems(config: Config, model: str, billions: float) -> list[str]:
    """One line for each group of methods of a model that its GPUs can't train."""
    gpus = config.plan.gpus
    methods = {name: config.method(model, name) for name in config.methods_of(model)}
    trained = {name: method for name, method in methods.items() if recipe_of(method).trained}
    found, groups = [], dict[str, list[str]]()
    if wide := [name for name, method in trained.items() if method.processes > gpus]:
        found.append(
            f"training {_some(wide)} on {model} takes {methods[wide[0]].processes} processes, there are "
            f"{gpus} GPUs: set processes: {gpus}, or raise plan.gpus"
        )
    for name, method in trained.items():
        # What is asked for is more than there is: reported above, and counted as it will be
        here = method.model_copy(update={"processes": min(method.processes, gpus)})
        if problem := _problem(config, here, billions):
            groups.setdefault(problem, []).append(name)
    return found + [f"training {_some(names)} on {model}: {problem}" for problem, names in groups.items()]


def _some(names: list[str]) -> str:
    """The first names of a list that may be long."""
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {more} more" if more > 0 else "")


def _problem(config: Config, method: Method, billions: float) -> str:
    """Why a training of a model does not fit a GPU, with what to set; empty where it fits."""
    memory = config.plan.gpu_memory_gib
    inside = _engines_inside(config, method, billions)
    taken = config.engine.grpo_memory_share * memory
    if inside and max(inside) * BYTES_OF_WEIGHTS / GIB > LARGEST_WEIGHTS * taken:
        return _engine_problem(config, method, inside)
    room, needed = RESERVED * memory - len(inside) * taken, training_gib(billions, method)
    if needed <= room:
        return ""
    ways = _ways(config, method, billions, room)
    repairs = [*(f"set {way}" for way in ways), LARGER, *([] if ways else [OUT])]
    engines = f", beside {len(inside) * taken:.0f} for engines (engine.grpo_memory_share)" if inside else ""
    return (
        f"it needs {needed:.0f} GiB a GPU{engines}, a GPU has {RESERVED * memory:.0f} to use: "
        f"{', or '.join(repairs)}"
    )


def _engine_problem(config: Config, method: Method, inside: list[float]) -> str:
    """Why the engine inside a training can't hold the weights, with what to set."""
    memory, needed = config.plan.gpu_memory_gib, max(inside) * BYTES_OF_WEIGHTS / GIB
    enough = math.ceil(100 * needed / LARGEST_WEIGHTS / memory) / 100
    billions, room = inside[0], (RESERVED - len(inside) * enough) * memory
    fits = training_gib(billions, method) <= room
    ways = [""] if fits else [f" and {way}" for way in _ways(config, method, billions, room)]
    repairs = [*(f"set engine.grpo_memory_share: {enough:g}{way}" for way in ways), LARGER, OUT]
    return (
        f"its engine needs {needed:.0f} GiB for its weights and takes "
        f"{config.engine.grpo_memory_share * memory:.0f} of a GPU: {', or '.join(repairs)}"
    )


def _ways(config: Config, method: Method, billions: float, room: float) -> list[str]:
    """Settings with which a method fits so many GiB: sharing all weights out, else LoRA."""
    if method.lora_rank:
        return []
    gpus = config.plan.gpus
    shared: dict[str, dict[str, str | int]] = {
        f"deepspeed: {ZERO3}": {"deepspeed": ZERO3, "processes": min(method.processes, gpus)},
        f"deepspeed: {ZERO3} and processes: {gpus}": {"deepspeed": ZERO3, "processes": gpus},
    }
    fitting = [
        way
        for way, update in shared.items()
        if training_gib(billions, method.model_copy(update=update)) <= room
    ][:1]
    adapters = method.model_copy(update={"lora_rank": RANK, "deepspeed": None})
    if recipe_of(method).lora and training_gib(billions, adapters) <= room:
        fitting.append(f"lora_rank: {RANK} and deepspeed: null (docs/paper-scale.md)")
    return fitting
