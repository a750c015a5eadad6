"""The machine that a run starts on, against what the run needs and what its plan says."""

from __future__ import annotations

from collections.abc import Mapping

from safe_reasoning.config import Config
from safe_reasoning.core.errors import UserError
from safe_reasoning.runtime.gpu_lease import visible_gpus
from safe_reasoning.runtime.gpus import check_torch, described
from safe_reasoning.training.recipe import recipe_of

ALIKE = 0.95  # a GPU of 80 GB has 79.6 GiB, say, and that is no difference


def as_found(config: Config, environment: Mapping[str, str]) -> Config:
    """The configuration whose plan has no more and no larger GPUs than this machine.

    What does not fit is then found before the first job. Where nothing is known of the GPUs, and
    for a run without any, the plan stays.
    """
    found = described(environment) if config.resources.gpus else []
    if not found:
        return config
    smallest = min(gpu.memory_gib for gpu in found)
    smaller = smallest < ALIKE * config.plan.gpu_memory_gib
    memory = round(smallest, 1) if smaller else config.plan.gpu_memory_gib
    here = {"gpus": min(config.plan.gpus, len(found)), "gpu_memory_gib": memory}
    return config.model_copy(update={"plan": config.plan.model_copy(update=here)})


def machine_refusals(config: Config, environment: Mapping[str, str], own_programs: bool) -> list[str]:
    """One line for each reason why jobs with GPUs would fail on this machine.

    Args:
        config: the run's.
        environment: of the process that starts the jobs.
        own_programs: whether jobs run in this environment, not in images.
    """
    if not config.resources.gpus:
        return []
    lines, there = [], visible_gpus(environment)
    hub = [name for name, model in config.models.items() if model.kind == "hub"]
    asked = {
        f"training {name}": config.resources.gpus * method.processes
        for name, method in config.methods.items()
        if recipe_of(method).trained
        and method.nodes == 1
        # Those of hub models are counted with their memory (plan.training_memory)
        and not any(name in config.methods_of(model) for model in hub)
    }
    asked["sampling"] = config.resources.gpus
    if not there:
        lines.append(
            f"resources.gpus is {config.resources.gpus}, and this machine has no GPU that may be used: "
            "start on one that has, send jobs to a cluster (--profile workflow/profiles/slurm), or set "
            "resources.gpus: 0"
        )
    elif large := [name for name, count in asked.items() if count > len(there)]:
        lines.append(
            f"{', '.join(large)} takes {max(asked.values())} GPUs, this machine has {len(there)} "
            f"({', '.join(there)}): lower methods.*.processes or resources.gpus"
        )
    if own_programs:
        try:
            check_torch()
        except UserError as error:
            lines.append(str(error))
    return lines


def machine_warnings(config: Config, environment: Mapping[str, str]) -> list[str]:
    """A line where the GPUs of this machine are not those of the plan, in number or memory."""
    found = described(environment) if config.resources.gpus else []
    plan = config.plan
    alike = all(ALIKE <= gpu.memory_gib / plan.gpu_memory_gib <= 1 / ALIKE for gpu in found)
    if not found or (len(found) == plan.gpus and alike):
        return []
    kinds = ", ".join(dict.fromkeys(f"{gpu.name}, {gpu.memory_gib:.0f} GiB" for gpu in found))
    return [
        f"this machine has {len(found)} GPUs ({kinds}), the plan says {plan.gpus} of "
        f"{plan.gpu_memory_gib:g} GiB: set plan.gpus and plan.gpu_memory_gib, so that make plan counts "
        "with these"
    ]
