"""SFT on safe traces that a teacher wrote, as STAR-1, SafeChain and RealSafe-R1 do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from safe_reasoning.training.recipe import Recipe

if TYPE_CHECKING:
    from safe_reasoning.training.common import Row, Task

RECIPE = Recipe(inputs={"demonstrations": "pairs/{model}/safe_demonstrations.parquet"}, sides=1, whole=True)


def train(task: Task, demonstrations: Sequence[Row]) -> None:
    """Train on whole safe traces (rows of schema demonstrations)."""
    from safe_reasoning.training.supervised import sampled_completions, train_on_completions

    train_on_completions(task, sampled_completions(task, demonstrations, "demonstrations"))
