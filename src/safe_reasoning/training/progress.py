"""Progress of a training: a line at every logged step, and seconds of work that survive a kill."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from safe_reasoning.core.cli import progress
from safe_reasoning.core.files import read_json, write_json


class Progress(TrainerCallback):
    """A line of progress at every logged step, and the seconds of work over all attempts."""

    def __init__(self, label: str, out: Path) -> None:
        self._label = label
        self._clock = out / "seconds.json"
        self._before = read_json(self._clock)["seconds"] if self._clock.exists() else 0.0
        self._begin = time.perf_counter()
        self._first = 0

    def seconds(self) -> float:
        """Seconds of training so far, with those of a killed attempt up to its last checkpoint."""
        return self._before + time.perf_counter() - self._begin

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Remember where this attempt starts."""
        self._first = state.global_step
        if state.is_world_process_zero:
            start = f", going on from step {self._first}" if self._first else ""
            progress(f"{self._label}: {state.max_steps} steps{start}")

    def on_save(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Keep the time with the checkpoint."""
        if state.is_world_process_zero:
            write_json(self._clock, {"seconds": self.seconds()})

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: Any = None,
        **_: Any,
    ) -> None:
        """Report step, loss and time left."""
        if state.is_world_process_zero and logs and "loss" in logs:
            done = max(1, state.global_step - self._first)
            left = (time.perf_counter() - self._begin) / done * (state.max_steps - state.global_step)
            progress(
                f"{self._label}: step {state.global_step}/{state.max_steps}, loss "
                f"{float(logs['loss']):.3f}, about {left:.0f} s left"
            )
