"""Log-probabilities and the KL of two models, on the device against the CPU."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from safe_reasoning.core.devices import device, peak_gpu_gib
from safe_reasoning.core.records import read_rows
from safe_reasoning.evaluation.kl import kl_by_token, load_weights
from safe_reasoning.gpu_check.record import Record
from safe_reasoning.gpu_check.trainings import Folder

ROWS = 8


@torch.inference_mode()
def _log_probability(model: Any, row: dict[str, Any], side: str) -> float:
    """Sum over a side's tokens, the number that DPO's reference is."""
    prompt, completion = row["prompt_ids"], row[side]
    ids = torch.tensor([[*prompt, *completion]], device=model.device)
    logits = model(input_ids=ids).logits[0, len(prompt) - 1 : -1].float()
    return float(torch.log_softmax(logits, -1).gather(1, ids[0, len(prompt) :, None]).sum())


def _both_sides(model: Any, rows: list[dict[str, Any]]) -> list[float]:
    return [_log_probability(model, row, side) for row in rows for side in ("chosen_ids", "rejected_ids")]


def _curves(aligned: Any, base: Any, rows: list[dict[str, Any]]) -> list[Any]:
    return [kl_by_token(aligned, base, row["prompt_ids"], row["rejected_ids"], 64) for row in rows]


def run(record: Record, folder: Folder) -> None:
    """Numbers of the device against those of the CPU of this machine."""
    rows = read_rows(folder.path / "pairs.parquet", "pairs")[:ROWS]
    base, aligned = load_weights(folder.base), load_weights(folder.path / "ipo")
    here, curves = _both_sides(base, rows), _curves(aligned, base, rows)
    record.measure("KL with two models: peak GPU memory, GiB", peak_gpu_gib())
    there = _both_sides(base.cpu(), rows)
    on_cpu = _curves(aligned.cpu(), base, rows)
    worst = max(abs(a - b) / abs(b) for a, b in zip(here, there, strict=True))
    record.check("log-probabilities in float32 are the CPU's", worst < 1e-4, largest_relative=worst)
    gaps = [float(np.abs(a - b).max()) for a, b in zip(curves, on_cpu, strict=True)]
    record.check("KL by token is the CPU's", max(gaps) < 1e-3, largest_difference=max(gaps))
    record.check("KL: the two models differ", max(float(curve.max()) for curve in curves) > 1e-4)
    half = _both_sides(base.to(device()).to(torch.bfloat16), rows)
    errors = [abs(a - b) / abs(b) for a, b in zip(half, there, strict=True)]
    record.measure("log-probabilities in bfloat16: largest relative error", max(errors))
