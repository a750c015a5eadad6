"""The device that models run on."""

from __future__ import annotations


def device() -> str:
    """`cuda` where PyTorch sees a GPU, else `cpu`."""
    import torch  # heavy: not at the import of core

    return "cuda" if torch.cuda.is_available() else "cpu"
