"""Weights along a training: kept after given shares of its steps, to be evaluated like its end."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from safe_reasoning.core.run_layout import kept_folder


def step_of(share: float, steps: int) -> int:
    """The step that a share of so many steps ends at: at least the first, and rounded half up."""
    return max(1, int(share * steps + 0.5))


class KeepWeights(TrainerCallback):
    """Saves weights and tokenizer after each share of the steps.

    A step that a resumed training does again is saved again, so what a kill left half-written is
    replaced.
    """

    def __init__(self, trainer: Any, out: Path, shares: Sequence[float]) -> None:
        self._trainer = trainer
        self._out = out
        self._shares = shares

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Save where a share ends. All processes take part, since each may hold a part only."""
        for share in self._shares:
            if step_of(share, state.max_steps) == state.global_step:
                self._trainer.save_model(str(kept_folder(self._out, share)))

    def finish(self, state: TrainerState) -> list[dict[str, float]]:
        """Share and step of each, for `training.json`; what the trainer saved beside them goes."""
        for share in self._shares:
            (kept_folder(self._out, share) / "training_args.bin").unlink(missing_ok=True)
        return [{"share": share, "step": step_of(share, state.max_steps)} for share in self._shares]
