"""The device that models run on, and the memory they took there."""

from __future__ import annotations

import gc


def device() -> str:
    """`cuda` where PyTorch sees a GPU, else `cpu`."""
    import torch  # heavy: not at the import of core

    return "cuda" if torch.cuda.is_available() else "cpu"


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
