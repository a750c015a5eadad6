r"""Intervened Preference Optimization, the paper's method (section 3). Not TRL's `loss_type="ipo"`.

A pair shares x and the reasoning before the first compliance cue, z^{<h}. Chosen is the safety
trigger and what the model then wrote; rejected is the cue and what it had written. The loss is DPO
on those suffixes given the shared prefix, plus a small NLL term on the chosen suffix:

    L = -log sigmoid(beta * [log pi/pi_ref (chosen | x, z^{<h}) - log pi/pi_ref (rejected | x,
    z^{<h})]) + 0.2 * NLL(chosen | x, z^{<h})

In TRL that is loss_type=["sigmoid", "sft"] with weights [1, 0.2] and prompt_ids = x + z^{<h}. The
NLL is the mean over the chosen tokens of a step, whatever the micro-batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from safe_reasoning.training.recipe import INTERVENED, Recipe

if TYPE_CHECKING:
    from safe_reasoning.training.common import Row, Task

RECIPE = Recipe(inputs={"pairs": INTERVENED}, priority=10)


def train(task: Task, pairs: Sequence[Row]) -> None:
    """Train on intervened pairs (rows of schema pairs)."""
    from safe_reasoning.training.preference import sampled_pairs, train_on_pairs

    train_on_pairs(task, sampled_pairs(task, pairs), nll_weight=task.method.nll_weight)
