"""DPO on natural pairs: a safe against a harmful rollout of the same prompt, nothing intervened on.

A baseline that the paper lacks.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from safe_reasoning.training.recipe import Recipe

if TYPE_CHECKING:
    from safe_reasoning.training.common import Row, Task

RECIPE = Recipe(inputs={"pairs": "pairs/{model}/natural.parquet"})


def train(task: Task, pairs: Sequence[Row]) -> None:
    """Train on natural pairs (rows of schema pairs).

    The loss is that of ipo, so that only the data differ.
    """
    from safe_reasoning.training.preference import sampled_pairs, train_on_pairs

    train_on_pairs(task, sampled_pairs(task, pairs), nll_weight=task.method.nll_weight)
