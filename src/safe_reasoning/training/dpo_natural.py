"""DPO on natural pairs: a safe against a harmful rollout of the same prompt, nothing intervened on. A baseline that the paper lacks."""

from __future__ import annotations

from collections.abc import Sequence

from safe_reasoning.training.common import Row, Task
from safe_reasoning.training.preference import drawn_pairs, train_on_pairs


def train_dpo_natural(task: Task, pairs: Sequence[Row]) -> None:
    """Train on natural pairs (rows of schema pairs); the loss is that of ipo, so that only the data differ."""
    train_on_pairs(task, drawn_pairs(task, pairs), nll_weight=task.method.nll_weight)
