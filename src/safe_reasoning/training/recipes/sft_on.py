"""SFT on rows made in some way, with the loss on some of their tokens.

One recipe for all supervised methods: which rows is `demonstrations`, which tokens bear loss stands
in the rows (`loss_from`, `label_ids`). With `kl_weight` the rows of benign prompts keep the model
where it was instead (training/retained.py).
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
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


def mixed(task: Task, rows: Sequence[Row], length: Callable[[Row], int] | None = None) -> list[Row]:
    """The rows that the method trains on: at most `max_examples`, in the shares of `mix`.

    A label with too few rows leaves out as many of the others as keep the shares. None at all of a
    label is a UserError.

    Args:
        task: what is trained.
        rows: with a `label`.
        length: tokens of a row; by default of prompt and completion.
    """
    from safe_reasoning.training.common import sample_rows
    from safe_reasoning.training.supervised import completion_length

    length = length or completion_length
    if not task.method.mix:
        return sample_rows(rows, task, length, "demonstrations")
    drawn = {}
    for label in task.method.mix:
        of_label = [row for row in rows if row.get("label") == label]
        if not of_label:
            raise UserError(
                f"{task.name}: {task.method.demonstrations} holds no {label} rows: leave {label} out of "
                f"methods.{task.name}.mix"
            )
        drawn[label] = sample_rows(of_label, task, length, "demonstrations")
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
