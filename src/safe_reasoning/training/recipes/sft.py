"""SFT on the chosen side of the intervened pairs (the ablation of paper Table 3).

The same data as ipo without the rejected side.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from safe_reasoning.training.recipe import INTERVENED, Recipe

if TYPE_CHECKING:
    from safe_reasoning.training.common import Row, Task

RECIPE = Recipe(inputs={"pairs": INTERVENED}, sides=1)


def train(task: Task, pairs: Sequence[Row]) -> None:
    """Train on trigger and corrected continuation, given prompt and shared prefix (rows of schema
    pairs).
    """
    from safe_reasoning.training.preference import sampled_pairs
    from safe_reasoning.training.supervised import train_on_completions

    train_on_completions(
        task,
        [
            {"prompt_ids": row["prompt_ids"], "completion_ids": row["chosen_ids"]}
            for row in sampled_pairs(task, pairs)
        ],
    )
