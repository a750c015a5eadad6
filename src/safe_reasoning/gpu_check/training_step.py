"""One training step of IPO's kind on a model with random weights, measured."""

from __future__ import annotations

import time
from typing import Any

import torch
from transformers import PreTrainedConfig

from safe_reasoning.core.devices import device as _device
from safe_reasoning.gpu_check import shapes
from safe_reasoning.gpu_check.environment import wait

BETA, NLL_WEIGHT = 0.1, 0.2  # as in config/paper.yaml


def log_probabilities(logits: torch.Tensor, ids: torch.Tensor) -> torch.Tensor:
    """Log-probability of each token after the first, shape (sides, tokens - 1), a side at a time as
    TRL does, so that only one side's float32 copy is held.
    """
    rows = [
        torch.log_softmax(side[:-1], -1).gather(-1, own[1:, None])[:, 0]
        for side, own in zip(logits, ids, strict=True)
    ]
    return torch.stack(rows)


def loss_of(model: Any, ids: torch.Tensor) -> torch.Tensor:
    """IPO's loss of a pair (chosen, rejected) whose reference gives both sides the same."""
    logits = model(input_ids=ids, use_cache=False).logits
    chosen, rejected = log_probabilities(logits, ids)
    preference = -torch.nn.functional.logsigmoid(BETA * (chosen.sum() - rejected.sum()))
    return preference - NLL_WEIGHT * chosen.mean()


def measure(configured: PreTrainedConfig, length: int, steps: int, device: str) -> dict[str, Any]:
    """Seconds and memory of a step: two sides of `length` tokens.

    Returns:
        Seconds of forward and backward and of the update, weights, bytes of the states (weights and
        gradients in bfloat16, copies and moments in float32) and of all beside them.
    """
    if device != _device():
        raise ValueError(f"{device} was asked for, here is {_device()}")
    model = shapes.random_model(configured, device, torch.bfloat16)
    model.train()
    model.gradient_checkpointing_enable({"use_reentrant": False})
    weights = list(model.parameters())
    masters = [weight.detach().float() for weight in weights]
    optimizer = torch.optim.AdamW(masters, lr=1e-6, fused=device == "cuda")
    ids = torch.randint(configured.vocab_size, (2, length), device=device)
    passes, updates, peaks = [], [], []
    for _ in range(steps + 1):  # the first one warms up and makes the moments
        for weight in weights:
            weight.grad = torch.zeros_like(weight)  # held by the states, as under ZeRO
        if device == "cuda":
            torch.cuda.reset_peak_memory_stats()
        wait(torch, device)
        begin = time.perf_counter()
        loss = loss_of(model, ids)
        loss.backward()
        wait(torch, device)
        passes.append(time.perf_counter() - begin)
        peaks.append(torch.cuda.max_memory_allocated() if device == "cuda" else 0)
        updates.append(_update(weights, masters, optimizer, device))
    count = sum(weight.numel() for weight in weights)
    states = 16 * count
    return {
        "layers": configured.num_hidden_layers,
        "fits": True,
        "weights": count,
        "loss": float(loss),
        "pass_seconds": min(passes[1:]),
        "update_seconds": min(updates[1:]),
        "states_bytes": states,
        "peak_bytes": max(peaks[1:]),
        "activation_bytes": max(0, max(peaks[1:]) - states),
    }


def _update(weights: list[Any], masters: list[Any], optimizer: Any, device: str) -> float:
    """AdamW on the float32 copies, whose values then become the weights."""
    wait(torch, device)
    begin = time.perf_counter()
    for weight, master in zip(weights, masters, strict=True):
        # Float32 gradients are there during the update only, and are no part of the measured peak
        master.grad = weight.grad.float()
    optimizer.step()
    for weight, master in zip(weights, masters, strict=True):
        weight.data.copy_(master)
        master.grad = None
        weight.grad = None
    wait(torch, device)
    return time.perf_counter() - begin
