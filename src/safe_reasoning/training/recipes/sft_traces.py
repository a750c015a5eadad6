"""SFT on a published set of safe traces.

STAR-1, SafeChain or UnsafeChain, so that a released baseline can be trained again from its own
data.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from safe_reasoning.training.recipe import Recipe

if TYPE_CHECKING:
    from safe_reasoning.training.common import Row, Task

RECIPE = Recipe(inputs={"demonstrations": "pairs/{model}/traces_{traces}.parquet"}, sides=1, whole=True)


def train(task: Task, demonstrations: Sequence[Row]) -> None:
    """Train on whole traces of the method's data set (rows of schema demonstrations)."""
    from safe_reasoning.training.supervised import sampled_completions, train_on_completions

    rows = sampled_completions(task, demonstrations, f"traces of {task.method.traces}")
    train_on_completions(task, rows)
