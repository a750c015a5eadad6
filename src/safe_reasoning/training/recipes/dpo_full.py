"""Full-trace DPO on the intervened pairs (the ablation of paper Table 3).

The shared reasoning prefix counts as part of both sides.

With a shared prefix the DPO term of whole traces equals that of suffixes exactly: the prefix has
the same log-ratio on both sides and cancels. What can differ is the NLL term, so plain DPO has none
(`nll_weight: 0`); with a weight, the NLL also covers the prefix.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from safe_reasoning.training.recipe import INTERVENED, Recipe

if TYPE_CHECKING:
    from safe_reasoning.training.common import Row, Task

RECIPE = Recipe(inputs={"pairs": INTERVENED})


def whole_traces(row: Row) -> dict[str, list[int]]:
    """The pair with the reasoning prefix moved from the prompt into both sides."""
    cut = len(row["prompt_ids"]) - row["prefix_tokens"]
    prefix = list(row["prompt_ids"][cut:])
    return {
        "prompt_ids": list(row["prompt_ids"][:cut]),
        "chosen_ids": prefix + list(row["chosen_ids"]),
        "rejected_ids": prefix + list(row["rejected_ids"]),
    }


def train(task: Task, pairs: Sequence[Row]) -> None:
    """Train on whole traces of intervened pairs (rows of schema pairs)."""
    from safe_reasoning.training.preference import sampled_pairs, train_on_pairs

    train_on_pairs(
        task, [whole_traces(row) for row in sampled_pairs(task, pairs)], nll_weight=task.method.nll_weight
    )
