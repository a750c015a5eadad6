"""SFT on safe traces that a teacher wrote, as STAR-1, SafeChain and RealSafe-R1 do."""

from __future__ import annotations

from collections.abc import Sequence

from safe_reasoning.training.common import Row, Task
from safe_reasoning.training.supervised import train_on_completions


def train_sft_safe(task: Task, demonstrations: Sequence[Row]) -> None:
    """Train on whole safe traces (rows of schema demonstrations)."""
    train_on_completions(task, demonstrations, "demonstrations")
