"""Arguments of TRL's trainers, DeepSpeed on the CPU, LoRA."""

from __future__ import annotations

import functools
import os
from typing import Any

import torch

from safe_reasoning.config import Method
from safe_reasoning.core.errors import UserError
from safe_reasoning.training.common import Task


def training_arguments(task: Task, examples: int) -> dict[str, Any]:
    """Arguments that all of TRL's trainers take.

    `batch_size` counts over all processes; a checkpoint is kept every fifth of the way,
    right after a logged step, so that the logged means of a resumed run are those of an
    uninterrupted one.
    """
    method = task.method
    cuda = torch.cuda.is_available()
    # With several nodes the launcher says how many processes there are.
    processes = int(os.environ.get("WORLD_SIZE", method.processes))
    micro = method.micro_batch_size or max(1, method.batch_size // processes)
    if method.batch_size % (processes * micro):
        raise UserError(
            f"methods.{task.name}: batch_size {method.batch_size} is no multiple of processes {processes} "
            f"x micro_batch_size {micro}: change one"
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
        "warmup_steps": max(1, int(steps * method.warmup_ratio)),
        "seed": task.seed,
        "data_seed": task.seed,
        "use_cpu": not cuda,
        # CPUs here have no bfloat16 units: float32 is faster and exact
        "bf16": precision(method) == "bfloat16",
        "gradient_checkpointing": cuda
        if method.gradient_checkpointing is None
        else method.gradient_checkpointing,
        "gradient_checkpointing_kwargs": {"use_reentrant": False},
        "logging_steps": logged,
        "save_strategy": "steps",
        "save_steps": logged * max(1, steps // (5 * logged)),
        "save_total_limit": 1,
        "report_to": "none",
        "disable_tqdm": True,
        "dataloader_num_workers": 0,
        "deepspeed": method.deepspeed,
        # Weights are read in float32: DeepSpeed makes its bfloat16 copies of them and keeps float32
        # masters; without it autocast does the same. What LoRA leaves as it is needs no master; its
        # adapters are float32 all the same.
        "model_init_kwargs": {
            "dtype": precision(method) if method.lora_rank else "float32",
            "use_safetensors": True,
            "trust_remote_code": False,
            "local_files_only": True,
        },
    }


def precision(method: Method) -> str:
    """The arithmetic of a training: the method's, or what the device is best at."""
    return method.precision or ("bfloat16" if torch.cuda.is_available() else "float32")


@functools.cache
def _deepspeed_on_cpu() -> None:
    """On the CPU DeepSpeed would compile a shared-memory transport at its start, which needs a
    compiler and half a minute; gloo does as well.

    It also has to know the processes before the weights are read: ZeRO-3 shares them out while they
    are, and accelerate passes them on only on GPUs.
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

    return LoraConfig(
        r=method.lora_rank,
        lora_alpha=2 * method.lora_rank,
        target_modules="all-linear",
        task_type="CAUSAL_LM",
    )
