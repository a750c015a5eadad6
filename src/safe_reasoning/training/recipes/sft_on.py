"""SFT on rows made in some way, with the loss on some of their tokens.

One recipe for all supervised methods: which rows is `demonstrations`, which tokens bear loss stands
in the rows (`loss_from`, `label_ids`). With `kl_weight` the rows of benign prompts keep the model
where it was instead (training/retained.py).
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from typing import TYPE_CHECKING

from safe_reasoning.core.cli import progress
from safe_reasoning.core.errors import UserError
from safe_reasoning.core.seeds import derive_seed
from safe_reasoning.training.recipe import Recipe

if TYPE_CHECKING:
    from safe_reasoning.training.common import Row, Task

RECIPE = Recipe(
    inputs={"demonstrations": "pairs/{model}/demonstrations_{demonstrations}.parquet"}, sides=1, whole=True
)


def mixed(task: Task, rows: Sequence[Row]) -> list[Row]:
    """The rows that the method trains on: at most `max_examples`, in the shares of `mix`.

    A label with too few rows leaves out as many of the others as keep the shares. None at all of a
    label is a UserError.
    """
    from safe_reasoning.training.supervised import sampled_completions

    if not task.method.mix:
        return sampled_completions(task, rows, "demonstrations")
    drawn = {}
    for label in task.method.mix:
        of_label = [row for row in rows if row.get("label") == label]
        if not of_label:
            raise UserError(
                f"{task.name}: {task.method.demonstrations} holds no {label} rows: leave {label} out of "
                f"methods.{task.name}.mix"
            )
        drawn[label] = sampled_completions(task, of_label, "demonstrations")
    total = min(len(drawn[label]) / share for label, share in task.method.mix.items())
    total = min(total, task.method.max_examples or math.inf)
    kept = [
        row
        for label, share in task.method.mix.items()
        for row in drawn[label][: max(1, round(total * share))]
    ]
    random.Random(derive_seed("mixed demonstrations", task.seed)).shuffle(kept)
    counts = {label: sum(row["label"] == label for row in kept) for label in task.method.mix}
    progress(f"{task.name}: rows by label {counts}")
    return kept


def train(task: Task, demonstrations: Sequence[Row]) -> None:
    """Train on rows of schema demonstrations."""
    from safe_reasoning.training.supervised import train_on_completions

    train_on_completions(task, mixed(task, demonstrations))
