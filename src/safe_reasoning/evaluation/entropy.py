"""Entropy of the next token along reasonings, by tenths of their length."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

TENTHS = 10


def token_entropies(logits: torch.Tensor) -> np.ndarray:
    """Entropy in nats of the distributions with these logits, shape (positions, vocabulary)."""
    log_p = torch.log_softmax(logits.float(), -1)
    return -torch.sum(torch.nan_to_num(log_p.exp() * log_p), -1).cpu().numpy()


@torch.inference_mode()
def reasoning_entropies(model: Any, prompt: Sequence[int], reasoning: Sequence[int]) -> np.ndarray:
    """Entropy of the next token after the prompt and i reasoning tokens, shape (positions,)."""
    ids = torch.tensor([[*prompt, *reasoning]]).to(model.device)
    window = slice(len(prompt) - 1, len(prompt) - 1 + len(reasoning))
    return token_entropies(model(input_ids=ids).logits[0, window])


def mean_by_tenth(per_trace: Sequence[np.ndarray]) -> list[float]:
    """Mean over all positions that lie in each tenth of their trace; NaN where none does.

    Position i of n lies in tenth 10 i / n, rounded down.
    """
    total, count = np.zeros(TENTHS), np.zeros(TENTHS)
    for values in per_trace:
        tenth = np.arange(len(values)) * TENTHS // max(1, len(values))
        np.add.at(total, tenth, values)
        np.add.at(count, tenth, 1)
    return [float(value) for value in np.divide(total, count, out=np.full(TENTHS, np.nan), where=count > 0)]
