"""What every recipe shares.

The task, its rows, progress, resume after a kill, and the marker that is written last.
"""

from __future__ import annotations

import json
import math
import random
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import AutoTokenizer, PrinterCallback, TrainerState

from safe_reasoning.config import Config, Method
from safe_reasoning.core.cli import progress
from safe_reasoning.core.devices import device, peak_gpu_gib
from safe_reasoning.core.errors import UserError
from safe_reasoning.core.files import read_json, sha256, write_json
from safe_reasoning.core.machine import machine
from safe_reasoning.core.model_folder import check_model
from safe_reasoning.core.run_layout import kept_folder
from safe_reasoning.core.seeds import derive_seed
from safe_reasoning.training.kept_weights import KeepWeights
from safe_reasoning.training.progress import Progress

Row = Mapping[str, Any]
NOTE = "work.json"  # what a training is, in its folder until it ends (`training.work`)


@dataclass(frozen=True)
class Task:
    """One training: the method `name` for one model and seed, from the weights in `base` to the
    folder `out`.
    """

    config: Config
    model: str
    name: str
    seed: int
    base: Path
    out: Path

    @property
    def method(self) -> Method:
        """The method's settings."""
        return self.config.method(self.model, self.name)


def sample_rows(rows: Sequence[Row], task: Task, length: Any, what: str) -> list[Row]:
    """At most `max_examples` rows in a seeded order, none longer than the model's context.

    The draw depends on the kind of data (`what`) and the seed alone: methods that learn from the
    same rows draw the same ones. Rows are never truncated: too long ones are left out and counted.
    None left is a UserError.
    """
    limit = task.method.max_tokens or task.config.engine.max_model_len
    check_vocabulary(task, rows)
    if not rows:
        raise UserError(
            f"{task.name}: there are no {what} to train on: see the log of the rule that makes them for "
            "why every attempt failed"
        )
    fitting = [row for row in rows if length(row) <= limit]
    if not fitting:
        raise UserError(
            f"{task.name}: none of {len(rows)} {what} fits {limit} tokens: raise "
            f"methods.{task.name}.max_tokens (engine.max_model_len by default), or make more {what}"
        )
    if len(fitting) < len(rows):
        progress(
            f"{task.name}: {len(rows) - len(fitting)} of {len(rows)} {what} are longer than {limit} "
            "tokens and left out"
        )
    random.Random(derive_seed("training rows", what, task.seed)).shuffle(fitting)
    return fitting[: task.method.max_examples]


def check_vocabulary(task: Task, rows: Sequence[Row]) -> None:
    """A UserError for rows with tokens that the model does not have.

    On a GPU they would end in an assertion.
    """
    settings = read_json(task.base / "config.json")
    vocabulary = settings.get("vocab_size") or settings.get("text_config", {}).get("vocab_size") or math.inf
    columns = ("prompt_ids", "chosen_ids", "rejected_ids", "completion_ids", "label_ids")
    sequences = [row.get(c) or () for row in rows for c in columns]
    sequences += [ids for row in rows for ids in row.get("completions", ())]
    largest = max((max(ids, default=0) for ids in sequences), default=0)
    if largest >= vocabulary:
        raise UserError(
            f"{task.name}: the rows hold token {largest}, {task.base} has {vocabulary} tokens: "
            "they were made with another tokenizer; make them with this model"
        )


def tokenizer_of(folder: Path) -> Any:
    """The tokenizer of a model folder; one without whole weights is a UserError."""
    check_model(folder)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def keep_unchanged(task: Task, source: Path, reason: str) -> None:
    """Hand on the weights of `source` when there is nothing to train on, and say so in
    `training.json`.
    """
    progress(f"{task.model} {task.name}: {reason}; the weights stay as they are")
    task.out.mkdir(parents=True, exist_ok=True)
    for file in source.iterdir():
        if file.is_file() and file.name != "training.json":
            shutil.copy(file, task.out)
    (task.out / NOTE).unlink(missing_ok=True)
    write_json(
        task.out / "training.json",
        {
            "model": task.model,
            "method": task.name,
            "seed": task.seed,
            "settings": task.method.model_dump(),
            "steps": 0,
            "seconds": 0.0,
            "checkpoints": [],
            "loss_curve": [],
            "weights_sha256": {path.name: sha256(path) for path in sorted(task.out.glob("*.safetensors"))},
            "examples": 0,
            "reason": reason,
        },
    )


def last_checkpoint(folder: Path) -> str | None:
    """The newest checkpoint that was written to its end.

    The trainer writes its state last, and removes the one before only then. A kill may cut off the
    writing of the state too.
    """
    whole = [path.parent for path in folder.glob("checkpoint-*/trainer_state.json") if _is_whole(path)]
    return str(max(whole, key=lambda path: int(path.name.rpartition("-")[2]))) if whole else None


def _is_whole(state: Path) -> bool:
    try:
        return bool(json.loads(state.read_text()))
    except ValueError:
        return False


def run(
    trainer: Any, task: Task, tokenizer: Any, counts: Callable[[TrainerState], Mapping[str, Any]]
) -> None:
    """Train from the last checkpoint if there is one, save weights and tokenizer, and write
    `training.json` last.

    `counts` gives what the recipe reports beyond that, from the final state (whose log survives a
    resume).
    """
    # Before a process looks for checkpoints that the first one removes (`work.forget_other_work`)
    trainer.accelerator.wait_for_everyone()
    callback = Progress(f"{task.model} {task.name}", task.out)
    trainer.remove_callback(PrinterCallback)
    trainer.add_callback(callback)
    kept = KeepWeights(trainer, task.out, task.config.evaluate.checkpoints)
    trainer.add_callback(kept)
    trainer.train(resume_from_checkpoint=last_checkpoint(task.out))
    if task.method.lora_rank is not None:
        trainer.model = trainer.model.merge_and_unload()
    trainer.save_model(str(task.out))
    if trainer.accelerator.is_main_process:
        # Generation settings and template are the base model's; TRL may have changed its copies.
        checkpoints = kept.finish(trainer.state)
        for folder in (task.out, *(kept_folder(task.out, point["share"]) for point in checkpoints)):
            tokenizer.save_pretrained(folder)
            if (task.base / "generation_config.json").exists():
                shutil.copy(task.base / "generation_config.json", folder)
        for folder in (*task.out.glob("checkpoint-*"), task.out / "rows"):
            (folder / "trainer_state.json").unlink(missing_ok=True)  # a half-removed one is not whole
            shutil.rmtree(folder, ignore_errors=True)
        for leftover in ("seconds.json", NOTE, "training_args.bin"):
            (task.out / leftover).unlink(missing_ok=True)
        write_json(
            task.out / "training.json",
            {
                "model": task.model,
                "method": task.name,
                "seed": task.seed,
                "settings": task.method.model_dump(),
                "steps": trainer.state.global_step,
                "seconds": round(callback.seconds(), 1),
                "checkpoints": checkpoints,
                "loss_curve": _curve(trainer.state.log_history),
                "device": device(),
                "machine": machine(),
                "precision": "bfloat16" if trainer.args.bf16 else "float32",
                "peak_gpu_gib": peak_gpu_gib(),
                "weights_sha256": {
                    path.name: sha256(path) for path in sorted(task.out.glob("*.safetensors"))
                },
                **counts(trainer.state),
            },
        )
    if torch.distributed.is_initialized():
        torch.distributed.barrier()
        torch.distributed.destroy_process_group()


def _curve(history: Sequence[Row]) -> list[dict[str, float | None]]:
    return [
        {
            "step": entry["step"],
            "loss": float(entry["loss"]),
            "grad_norm": _optional(entry.get("grad_norm")),
            "reward_margin": _optional(entry.get("rewards/margins")),
        }
        for entry in history
        if "loss" in entry
    ]


def _optional(value: Any) -> float | None:
    return None if value is None else float(value)
