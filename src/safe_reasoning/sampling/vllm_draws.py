"""Our draw inside vLLM: a logits processor that leaves the drawn token as the most likely one.

Requests are then greedy for vLLM. This module imports vLLM: only the engine that uses it may import
it. vLLM's scheduler is synchronous on CPUs, so that the output of a request is complete when its
next token is drawn, and its length is that token's position; after a preemption too. A draw in the
middle of a prompt is thrown away by vLLM, and made again.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from vllm import SamplingParams
from vllm.v1.sample.logits_processor import BatchUpdate, LogitsProcessor, process_dict_updates

from safe_reasoning.config import Decoding
from safe_reasoning.sampling.nucleus import Tally, choose, uniform

_KEY = "nucleus"  # in SamplingParams.extra_args
TALLY = Tally()  # of all draws in this process


@dataclass(frozen=True)
class Drawing:
    """A request that is being sampled.

    Attributes:
        draws: its numbers in [0, 1), one per position.
        output: its tokens so far; vLLM appends to this list.
        shape: temperature and top-p.
    """

    draws: np.ndarray
    output: list[int]
    shape: tuple[float, float]

    def next_draw(self) -> float:
        """The number of the next position."""
        return float(self.draws[len(self.output)])


class NucleusDraws(LogitsProcessor):
    """Draws the token of each request that asks for it. See vLLM's `LogitsProcessor`."""

    def __init__(self, vllm_config: Any, device: torch.device, is_pin_memory: bool) -> None:
        self._drawing: dict[int, Drawing] = {}  # by row of the batch

    def is_argmax_invariant(self) -> bool:
        return False

    def update_state(self, batch_update: BatchUpdate | None) -> None:
        process_dict_updates(self._drawing, batch_update, _begin)

    def apply(self, logits: torch.Tensor) -> torch.Tensor:
        of_shape: dict[tuple[float, float], list[int]] = {}
        for row in sorted(self._drawing):
            of_shape.setdefault(self._drawing[row].shape, []).append(row)
        for shape, rows in of_shape.items():
            # A copy of all rows would take as long as a pass over the vocabulary
            there = logits if len(rows) == len(logits) else logits[rows]
            draws = torch.tensor([self._drawing[row].next_draw() for row in rows])
            logits[rows, choose(there, draws, _decoding(*shape), TALLY)] = torch.inf
        return logits


def arguments(seed: int, decoding: Decoding) -> dict[str, Any]:
    """`extra_args` of a request whose tokens are drawn."""
    return {_KEY: (seed, decoding.temperature, decoding.top_p)}


def _begin(parameters: SamplingParams, _: list[int] | None, output: list[int]) -> Drawing | None:
    """The state of a request that enters the batch, for the first time or again."""
    if _KEY not in (given := parameters.extra_args or {}):
        return None
    seed, temperature, top_p = given[_KEY]
    assert parameters.max_tokens is not None  # the engine always gives it
    return Drawing(uniform(seed, parameters.max_tokens).numpy(), output, (temperature, top_p))


@lru_cache
def _decoding(temperature: float, top_p: float) -> Decoding:
    """As `choose` takes them; it has no use for the limit."""
    return Decoding(temperature=temperature, top_p=top_p, max_new_tokens=1)
