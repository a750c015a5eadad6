"""DPO on the rows of `sft_on` that hold a completion to turn away from.

The same rows, the same tokens, another objective. What comes before `loss_from` is context for both
sides. A prefix that both sides share cancels in the DPO term, so that without an NLL term
(`nll_weight: 0`) it does not matter whether it counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from safe_reasoning.core.errors import UserError
from safe_reasoning.training.recipe import Recipe
from safe_reasoning.training.recipes.sft_on import mixed

if TYPE_CHECKING:
    from safe_reasoning.training.common import Row, Task

RECIPE = Recipe(
    inputs={"demonstrations": "pairs/{model}/demonstrations_{demonstrations}.parquet"}, whole=True
)


def pair_of(row: Row) -> dict[str, Any]:
    """A demonstration as a pair: the columns that a preference training reads."""
    start = row.get("loss_from") or 0
    return {
        "prompt_ids": [*row["prompt_ids"], *row["completion_ids"][:start]],
        "chosen_ids": list(row["completion_ids"][start:]),
        "rejected_ids": list(row["rejected_ids"][start:]),
    }


def train(task: Task, demonstrations: Sequence[Row]) -> None:
    """Train on the rows of schema demonstrations that have `rejected_ids`; none is a UserError."""
    from safe_reasoning.training.preference import pair_length, train_on_pairs

    pairs = [{**pair_of(row), "label": row.get("label")} for row in demonstrations if row.get("rejected_ids")]
    if not pairs:
        raise UserError(
            f"{task.name}: {task.method.demonstrations} holds nothing to turn away from: take kind reset, or "
            "corrected, with response as pairs.append_response"
        )
    train_on_pairs(task, mixed(task, pairs, pair_length), nll_weight=task.method.nll_weight)
