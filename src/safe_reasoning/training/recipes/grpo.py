"""GRPO with a reward from verdicts (paper Table 1), on prompts of one kind or several.

The trainer is in `training/grpo.py`, the rewards in `training/rewards.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from safe_reasoning.training.recipe import Recipe

if TYPE_CHECKING:
    from safe_reasoning.training.common import Row, Task

# It samples with vLLM while it trains
RECIPE = Recipe(learns_from_prompts=True, rewarded=True, image="grpo", priority=5)


def train(task: Task, prompts: Sequence[Row], prefixes: Sequence[Row] = ()) -> None:
    """Train on prompts, some with a beginning (rows of the schemas prompts and prefixes)."""
    from safe_reasoning.training.grpo import train_grpo

    train_grpo(task, prompts, prefixes)
