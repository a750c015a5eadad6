"""One line of the plan, and what all of them count from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from safe_reasoning.config import Config, Role
from safe_reasoning.prompts.prompt_sets import known_rows


@dataclass(frozen=True)
class Step:
    """One line of the plan.

    `bound` marks an upper bound of generations and calls, `estimated` a count that rests on a rate
    or a length; `chat` names the endpoint or model that is asked `calls` times.
    """

    model: str
    stage: str
    jobs: int = 0
    generations: int = 0
    tokens: float = 0.0
    gpu_hours: float = 0.0
    bound: bool = False
    chat: str = ""
    calls: int = 0
    call_tokens: float = 0.0
    disk_gib: float = 0.0
    estimated: bool = False


def prompts_of(config: Config, *roles: Role) -> dict[str, int]:
    """Number of prompts of each set with one of these roles."""
    counts = {}
    for name, entry in config.prompt_sets.items():
        if entry.role in roles:
            there = known_rows(name, config) - entry.skip
            counts[name] = min(there, entry.limit or there)
    return counts


def with_base_seconds(steps: Sequence[Step], seconds: float) -> list[Step]:
    """The steps with the time of making each base model, which no rate of tokens says."""
    return [replace(step, gpu_hours=seconds / 3600) if step.stage == "base model" else step for step in steps]


def totals(steps: Sequence[Step]) -> Step:
    """The sum over steps."""
    total = Step("", "in all")
    total = replace(total, estimated=any(step.estimated or step.bound for step in steps))
    for field in ("jobs", "generations", "tokens", "gpu_hours", "calls", "call_tokens", "disk_gib"):
        total = replace(
            total,
            **{
                field: sum(
                    getattr(step, field)
                    for step in steps
                    if field not in ("calls", "call_tokens") or step.chat
                )
            },
        )
    return total
