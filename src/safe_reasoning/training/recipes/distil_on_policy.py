"""On-policy distillation of another method's weights, or of an instructed copy of its own (OPSA).

The teacher is the method that `teacher` names, or the start itself, and reads
`teacher_context` before a request. The trainer is in `training/self_distillation.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from safe_reasoning.training.recipe import Recipe

if TYPE_CHECKING:
    from safe_reasoning.training.common import Row, Task

# It samples while it trains, as GRPO does
RECIPE = Recipe(learns_from_prompts=True, image="grpo", priority=5)


def train(task: Task, prompts: Sequence[Row], teacher: Path | None = None) -> None:
    """Train on prompts (rows of schema prompts) towards the teacher in the folder `teacher`."""
    from safe_reasoning.training.self_distillation import train_by_distillation

    train_by_distillation(task, prompts, teacher)
