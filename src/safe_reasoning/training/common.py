"""What every recipe shares: training arguments, progress, resume after a kill, and the marker that is written last."""

from __future__ import annotations

import functools
import os
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
from safe_reasoning.core.errors import UserError
from safe_reasoning.core.files import read_json, sha256, write_json
from safe_reasoning.core.seeds import derive_seed
from safe_reasoning.training.progress import Progress

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Task:
    """One training: the method `name` for one model and seed, from the weights in `base` to the folder `out`."""

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

    Rows are never truncated: too long ones are left out and counted. None left is a UserError.
    """
    limit = task.method.max_tokens or task.config.engine.max_model_len
    if not rows:
        raise UserError(
            f"{task.name}: there are no {what} to train on: see the log of the rule that makes them for why every attempt failed"
        )
    fitting = [row for row in rows if length(row) <= limit]
    if not fitting:
        raise UserError(
            f"{task.name}: none of {len(rows)} {what} fits {limit} tokens: raise methods.{task.name}.max_tokens (engine.max_model_len by default), or make more {what}"
        )
    if len(fitting) < len(rows):
        progress(f"{task.name}: {len(rows) - len(fitting)} of {len(rows)} {what} are longer than {limit} tokens and left out")
    random.Random(derive_seed("training rows", task.name, task.seed)).shuffle(fitting)
    return fitting[: task.method.max_examples]


def training_arguments(task: Task, examples: int) -> dict[str, Any]:
    """Arguments that all of TRL's trainers take. `batch_size` counts over all processes; a checkpoint is kept every fifth of the way,
    right after a logged step, so that the logged means of a resumed run are those of an unbroken one."""
    method = task.method
    cuda = torch.cuda.is_available()
    # With several nodes the launcher says how many processes there are.
    processes = int(os.environ.get("WORLD_SIZE", method.processes))
    micro = method.micro_batch_size or max(1, method.batch_size // processes)
    if method.batch_size % (processes * micro):
        raise UserError(
            f"methods.{task.name}: batch_size {method.batch_size} is no multiple of processes {processes} x micro_batch_size {micro}: change one"
        )
    steps = method.max_steps or max(1, round(examples * method.epochs / method.batch_size))
    logged = max(1, steps // 20)
    if not cuda and method.deepspeed:
        _deepspeed_on_cpu()
    return {
        "output_dir": str(task.out),
        "per_device_train_batch_size": micro,
        "gradient_accumulation_steps": method.batch_size // (processes * micro),
        "learning_rate": method.learning_rate,
        "num_train_epochs": method.epochs,
        "max_steps": method.max_steps or -1,
        "lr_scheduler_type": "cosine",
        "warmup_steps": max(1, steps // 20),
        "seed": task.seed,
        "data_seed": task.seed,
        "use_cpu": not cuda,
        "bf16": cuda,  # CPUs here have no bfloat16 units: float32 is faster and exact
        "gradient_checkpointing": cuda if method.gradient_checkpointing is None else method.gradient_checkpointing,
        "gradient_checkpointing_kwargs": {"use_reentrant": False},
        "logging_steps": logged,
        "save_strategy": "steps",
        "save_steps": logged * max(1, steps // (5 * logged)),
        "save_total_limit": 1,
        "report_to": "none",
        "disable_tqdm": True,
        "dataloader_num_workers": 0,
        "deepspeed": method.deepspeed,
        # Weights are read in float32: DeepSpeed makes its bfloat16 copies of them and keeps float32 masters; without it autocast does the same.
        "model_init_kwargs": {"dtype": "float32", "use_safetensors": True, "trust_remote_code": False, "local_files_only": True},
    }


@functools.cache
def _deepspeed_on_cpu() -> None:
    """On the CPU DeepSpeed would compile a shared-memory transport at its start, which needs a compiler and half a minute; gloo does as well.

    It also has to know the processes before the weights are read: ZeRO-3 shares them out while they are, and accelerate passes them on only on GPUs.
    """
    os.environ.setdefault("DS_ACCELERATOR", "cpu")
    import deepspeed
    import deepspeed.ops

    deepspeed.ops.__compatible_ops__["deepspeed_shm_comm"] = False
    deepspeed.init_distributed("gloo", verbose=False)


def lora(method: Method) -> Any:
    """The PEFT configuration, None for full fine-tuning."""
    if method.lora_rank is None:
        return None
    from peft import LoraConfig

    return LoraConfig(r=method.lora_rank, lora_alpha=2 * method.lora_rank, target_modules="all-linear", task_type="CAUSAL_LM")


def tokenizer_of(folder: Path) -> Any:
    """The tokenizer of a model folder; a missing folder is a UserError."""
    if not (folder / "config.json").exists():
        raise UserError(f"{folder} holds no model: run the rule that makes it")
    tokenizer = AutoTokenizer.from_pretrained(folder)
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def keep_unchanged(task: Task, source: Path, reason: str) -> None:
    """Hand on the weights of `source` when there is nothing to train on, and say so in `training.json`."""
    progress(f"{task.model} {task.name}: {reason}; the weights stay as they are")
    task.out.mkdir(parents=True, exist_ok=True)
    for file in source.iterdir():
        if file.is_file() and file.name != "training.json":
            shutil.copy(file, task.out)
    write_json(
        task.out / "training.json",
        {
            "model": task.model,
            "method": task.name,
            "seed": task.seed,
            "settings": task.method.model_dump(),
            "steps": 0,
            "seconds": 0.0,
            "loss_curve": [],
            "weights_sha256": {path.name: sha256(path) for path in sorted(task.out.glob("*.safetensors"))},
            "examples": 0,
            "reason": reason,
        },
    )


def forget_other_work(task: Task) -> None:
    """Remove the checkpoints of a training with other settings or from another base: only the same work may go on."""
    marker = task.base / "training.json"
    work = {"settings": task.method.model_dump(), "seed": task.seed, "base": sha256(marker) if marker.exists() else str(task.base)}
    note = task.out / "work.json"
    if int(os.environ.get("RANK", "0")):
        return
    if note.exists() and read_json(note) != work:
        for checkpoint in task.out.glob("checkpoint-*"):
            shutil.rmtree(checkpoint)
        (task.out / "seconds.json").unlink(missing_ok=True)
    write_json(note, work)


def last_checkpoint(folder: Path) -> str | None:
    """The newest checkpoint that was written to its end: the trainer writes its state last, and removes the one before only then."""
    whole = [path.parent for path in folder.glob("checkpoint-*/trainer_state.json")]
    return str(max(whole, key=lambda path: int(path.name.rpartition("-")[2]))) if whole else None


def run(trainer: Any, task: Task, tokenizer: Any, counts: Callable[[TrainerState], Mapping[str, Any]]) -> None:
    """Train from the last checkpoint if there is one, save weights and tokenizer, and write `training.json` last.

    `counts` gives what the recipe reports beyond that, from the final state (whose log survives a resume).
    """
    forget_other_work(task)
    callback = Progress(f"{task.model} {task.name}", task.out)
    trainer.remove_callback(PrinterCallback)
    trainer.add_callback(callback)
    trainer.train(resume_from_checkpoint=last_checkpoint(task.out))
    if task.method.lora_rank is not None:
        trainer.model = trainer.model.merge_and_unload()
    trainer.save_model(str(task.out))
    if trainer.accelerator.is_main_process:
        # Generation settings and chat template are the base model's; TRL may have changed its copies.
        tokenizer.save_pretrained(task.out)
        if (task.base / "generation_config.json").exists():
            shutil.copy(task.base / "generation_config.json", task.out)
        for folder in (*task.out.glob("checkpoint-*"), task.out / "rows"):
            shutil.rmtree(folder, ignore_errors=True)
        for leftover in ("seconds.json", "work.json", "training_args.bin"):
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
                "loss_curve": _curve(trainer.state.log_history),
                "weights_sha256": {path.name: sha256(path) for path in sorted(task.out.glob("*.safetensors"))},
                **counts(trainer.state),
            },
        )
    if torch.distributed.is_initialized():
        torch.distributed.barrier()
        torch.distributed.destroy_process_group()


def _curve(history: Sequence[Row]) -> list[dict[str, float | None]]:
    return [
        {"step": entry["step"], "loss": float(entry["loss"]), "reward_margin": _optional(entry.get("rewards/margins"))}
        for entry in history
        if "loss" in entry
    ]


def _optional(value: Any) -> float | None:
    return None if value is None else float(value)
