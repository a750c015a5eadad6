"""First stage: what the check stands on, and how fast the device is at the simplest work."""

from __future__ import annotations

import importlib
import os
import platform
import subprocess
import time
from importlib import metadata
from typing import Any

from safe_reasoning.core.devices import device
from safe_reasoning.core.provenance import commit, software
from safe_reasoning.gpu_check.record import Record
from safe_reasoning.gpu_check.settings import Settings
from safe_reasoning.gpu_check.stages import Places

# Modules that the other stages import.
NEEDED = (
    *("torch", "transformers", "accelerate", "peft", "trl", "datasets", "pydantic", "gguf", "pandas"),
    *("pyarrow", "scipy", "statsmodels", "seaborn", "snakemake", "datasketch", "rich", "jinja2"),
)
OPTIONAL = ("vllm", "deepspeed")


def run(record: Record, settings: Settings, places: Places) -> None:
    """Versions, card, imports, matrix product and copy."""
    import torch

    record.measure("software", {**software(), "cuda": torch.version.cuda})
    record.measure("commit", commit())
    record.measure("machine", {"processor": platform.processor(), "cores": os.cpu_count()})
    record.check("the device that was asked for is there", device() == places.device, found=device())
    if device() == "cuda":
        record.measure("gpu", _card(torch))
    for name in NEEDED:
        with record.item(f"import {name}"):
            importlib.import_module(name)
    there = {name: _version(name) for name in OPTIONAL}
    record.measure("optional packages", there)
    record.check("DeepSpeed is there", there["deepspeed"] is not None or not settings.training.deepspeed)
    with record.item("speed"):
        record.measure("speed", _speed(torch, places.device))


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _card(torch: Any) -> dict[str, Any]:
    card = torch.cuda.get_device_properties(0)
    query = ["nvidia-smi", "--query-gpu=name,driver_version,memory.total", "--format=csv,noheader"]
    try:
        reported = subprocess.run(
            query, capture_output=True, text=True, timeout=20, check=True
        ).stdout.strip()
    except (OSError, subprocess.SubprocessError) as error:
        reported = f"nvidia-smi gave nothing ({type(error).__name__})"
    return {
        "name": card.name,
        "memory_gib": round(card.total_memory / 2**30, 2),
        "capability": f"{card.major}.{card.minor}",
        "nvidia_smi": reported,
    }


def _speed(torch: Any, place: str) -> dict[str, float]:
    """TFLOP/s of a bfloat16 matrix product, GB/s of a copy (read and written)."""
    size = 8192 if place == "cuda" else 256
    matrix = torch.randn(size, size, device=place, dtype=torch.bfloat16)
    numbers = torch.empty(size * size, device=place)

    def seconds(work: Any, times: int = 10) -> float:
        for _ in range(3):
            work()
        wait(torch, place)
        begin = time.perf_counter()
        for _ in range(times):
            work()
        wait(torch, place)
        return (time.perf_counter() - begin) / times

    copied = 2 * numbers.numel() * numbers.element_size()
    return {
        "bfloat16_tflops": 2 * size**3 / seconds(lambda: matrix @ matrix) / 1e12,
        "copy_gb_per_second": copied / seconds(lambda: numbers.clone()) / 1e9,
    }


def wait(torch: Any, place: str) -> None:
    """Wait until the device has done all that it was given."""
    if place == "cuda":
        torch.cuda.synchronize()
