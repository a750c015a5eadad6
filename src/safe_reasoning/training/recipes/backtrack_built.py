"""BackTrack as we read it: SFT that teaches a reset token after harm, and a safe start after it.

Rows hold a harmful beginning as context, the reset and a safe trace, which bear the loss
(pairs/demonstrations/reset.py). What stands before a reset is taken back but was written: judge it
as written and as displayed (judging/judges/displayed.py). Source: arXiv 2409.14586, the SFT form;
its hyperparameters are not public. Its DPO form is `dpo_on` on the same rows, started from here.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

from safe_reasoning.core.trace import RESET_TAG
from safe_reasoning.training.recipe import Recipe
from safe_reasoning.training.recipes import sft_on

if TYPE_CHECKING:
    from safe_reasoning.training.common import Row, Task

RECIPE = Recipe(
    inputs={"demonstrations": "pairs/{model}/demonstrations_{demonstrations}.parquet"},
    sides=1,
    whole=True,
    lora=False,  # it leaves the embeddings as they are, also that of the new token
    grows=True,
)


def train(task: Task, demonstrations: Sequence[Row]) -> None:
    """Train the base, grown by the reset token, on rows of schema demonstrations."""
    from safe_reasoning.training.new_tokens import grown_base, remove_grown

    grown = dataclasses.replace(task, base=grown_base(task.base, [RESET_TAG], task.out))
    sft_on.train(grown, demonstrations)
    remove_grown(task.out)
