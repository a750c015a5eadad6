"""DPO with length control: on harmful prompts sibling pairs, of equally safe sentences the shortest
chosen and of equally unsafe ones the longest rejected; on benign prompts the shortest answer that
complies against the longest.

The part of SAFER (formerly ERPO) that its abstract tells: step-level preference for safety and
brevity.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from safe_reasoning.training.recipe import Recipe

if TYPE_CHECKING:
    from safe_reasoning.training.common import Row, Task

RECIPE = Recipe(
    inputs={
        "pairs": "pairs/{model}/siblings_short.parquet",
        "benign_pairs": "pairs/{model}/short_answers.parquet",
    },
    whole=True,
)


def train(task: Task, pairs: Sequence[Row], benign_pairs: Sequence[Row]) -> None:
    """Train on both kinds of pairs, in the shares that they have (rows of schema pairs)."""
    from safe_reasoning.training.preference import sampled_pairs, train_on_pairs

    rows = sampled_pairs(task, [*pairs, *benign_pairs])
    train_on_pairs(task, rows, nll_weight=task.method.nll_weight)
