"""GRPO with a binary safety reward (paper Table 1).

The reward and the trainer are in `training/grpo.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from safe_reasoning.training.recipe import Recipe

if TYPE_CHECKING:
    from safe_reasoning.training.common import Row, Task

# It samples with vLLM while it trains
RECIPE = Recipe(learns_from_prompts=True, image="grpo", priority=5)


def train(task: Task, prompts: Sequence[Row]) -> None:
    """Train on harmful prompts (rows of schema prompts)."""
    from safe_reasoning.training.grpo import train_grpo

    train_grpo(task, prompts)
