"""DPO on sibling pairs: the safest against the least safe next sentence at the same place.

STAIR's step-level preference with the run's judge for its self-reward and one rollout a prompt for
its tree search. Its counterpart is ipo: a preference found by search, not made by intervention.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from safe_reasoning.training.recipe import Recipe

if TYPE_CHECKING:
    from safe_reasoning.training.common import Row, Task

RECIPE = Recipe(inputs={"pairs": "pairs/{model}/siblings_best.parquet"})


def train(task: Task, pairs: Sequence[Row]) -> None:
    """Train on sibling pairs (rows of schema pairs); STAIR's loss has no NLL (`nll_weight: 0`)."""
    from safe_reasoning.training.preference import sampled_pairs, train_on_pairs

    train_on_pairs(task, sampled_pairs(task, pairs), nll_weight=task.method.nll_weight)
