"""The device that models run on, and the memory they took there."""

from __future__ import annotations

import gc
import os

from safe_reasoning.core.errors import UserError


def device() -> str:
    """`cuda` where PyTorch sees a GPU, else `cpu`.

    Raises:
        UserError: this process was given GPUs, and a PyTorch for CUDA sees none: the driver and it
            don't fit.
    """
    import torch  # heavy: not at the import of core

    if torch.cuda.is_available():
        return "cuda"
    given = os.environ.get("CUDA_VISIBLE_DEVICES", "")
    if torch.version.cuda and given not in ("", "-1", "NoDevFiles"):
        raise UserError(
            f"this job was given the GPUs {given}, and PyTorch {torch.__version__} sees none: compare "
            "the driver's version in nvidia-smi with that CUDA, or unset CUDA_VISIBLE_DEVICES to use the CPU"
        )
    return "cpu"


def peak_gpu_gib() -> float | None:
    """The most GPU memory that this process's tensors took at once, GiB; None without a GPU."""
    import torch

    return torch.cuda.max_memory_allocated() / 2**30 if torch.cuda.is_available() else None


def free_memory() -> None:
    """Give memory back that no object and no tensor uses."""
    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
