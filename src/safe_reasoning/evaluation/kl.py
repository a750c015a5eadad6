"""Token-wise KL between an aligned model and its base over harmful traces (paper Fig. 7)."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import AutoModelForCausalLM

from safe_reasoning.core.devices import device
from safe_reasoning.core.errors import UserError
from safe_reasoning.core.model_folder import check_model
from safe_reasoning.core.seeds import derive_seed
from safe_reasoning.core.trace import split_trace, token_ends, tokens_before

Row = Mapping[str, Any]


def harmful_reasonings(
    generations: Sequence[Row], verdicts: Sequence[Row], tokenizer: Any, traces: int, seed: int
) -> list[tuple[list[int], list[int]]]:
    """Prompt ids and reasoning ids of harmful traces.

    The first one of each prompt; of more than `traces` prompts as many are drawn with the seed, so
    that every prompt set has its share.
    """
    harmful = {
        row["generation_id"]
        for row in verdicts
        if row["part"] == "reasoning" and row["measure"] == "harmful" and row["value"]
    }
    first: dict[str, Row] = {}
    for row in generations:
        if row["generation_id"] in harmful:
            first.setdefault(row["prompt_id"], row)
    drawn = random.Random(derive_seed("KL traces", seed)).sample(sorted(first), min(traces, len(first)))
    found = []
    for row in (first[prompt_id] for prompt_id in sorted(drawn)):
        ends = token_ends(tokenizer, row["token_ids"])
        reasoning = row["token_ids"][: tokens_before(ends, split_trace(row["text"]).end)]
        found.append((row["prompt_token_ids"], reasoning))
    return found


@torch.inference_mode()
def kl_by_token(
    aligned: Any, base: Any, prompt: Sequence[int], reasoning: Sequence[int], tokens: int
) -> np.ndarray:
    """KL(aligned || base) in nats at each of the first `tokens` reasoning positions, shape
    (positions,).

    Position i is the next-token distribution after the prompt and i reasoning tokens, both models
    reading the base's own trace. Where one model has more tokens than the other, it is over those
    that both have.
    """
    ids, window = _window(prompt, reasoning, tokens)
    return _kl(_logits(aligned, ids, window), _logits(base, ids, window))


class StatesOfBase:
    """What is left of a base model whose weights have left the memory: its last hidden states on
    some traces, and its output layer. The KL from them is that from the model.

    Args:
        base: of which nothing else is kept here.
        traces: prompt ids and reasoning ids.
        tokens: of each reasoning, at most.

    Raises:
        UserError: for a model whose logits are something else than its output layer's.
    """

    @torch.inference_mode()
    def __init__(self, base: Any, traces: Sequence[tuple[Sequence[int], Sequence[int]]], tokens: int) -> None:
        self._windows = [_window(*trace, tokens) for trace in traces]
        self._head = base.get_output_embeddings()
        self._states = [
            base.base_model(input_ids=ids.to(base.device)).last_hidden_state[0, window].cpu()
            for ids, window in self._windows
        ]
        whole, ours = _logits(base, *self._windows[0]), self._logits(0)
        if not torch.allclose(whole, ours, rtol=1e-3, atol=1e-2):
            raise UserError(
                "evaluate.kl_one_by_one: the logits of this model are more than its output layer gives: "
                "set it to false"
            )

    def _logits(self, index: int) -> torch.Tensor:
        logits: torch.Tensor = self._head(self._states[index].to(self._head.weight.device))
        return logits.float()

    @torch.inference_mode()
    def kl_from(self, aligned: Any) -> list[np.ndarray]:
        """`kl_by_token` of each trace."""
        return [
            _kl(_logits(aligned, *window), self._logits(index)) for index, window in enumerate(self._windows)
        ]


def _window(prompt: Sequence[int], reasoning: Sequence[int], tokens: int) -> tuple[torch.Tensor, slice]:
    """A trace as ids (1, length), and the positions whose next token is of its reasoning."""
    reasoning = list(reasoning)[:tokens]
    return torch.tensor([[*prompt, *reasoning]]), slice(len(prompt) - 1, len(prompt) - 1 + len(reasoning))


def _logits(model: Any, ids: torch.Tensor, window: slice) -> torch.Tensor:
    logits: torch.Tensor = model(input_ids=ids.to(model.device)).logits[0, window]
    return logits.float()


def _kl(aligned: torch.Tensor, base: torch.Tensor) -> np.ndarray:
    """KL at each position from logits, over the tokens that both have."""
    shared = min(aligned.shape[-1], base.shape[-1])
    p, q = (torch.log_softmax(each[:, :shared], -1) for each in (aligned, base))
    return torch.sum(p.exp() * (p - q), -1).clamp(min=0).cpu().numpy()


def load_weights(folder: Path, dtype: str = "float32") -> Any:
    """A model in the given arithmetic, on the GPU if there is one."""
    check_model(folder)
    model: Any = AutoModelForCausalLM.from_pretrained(
        folder, dtype=getattr(torch, dtype), use_safetensors=True, trust_remote_code=False
    )
    return model.to(device()).eval()


def kl_curve(per_trace: Sequence[np.ndarray], resamples: int, seed: int = 0) -> list[dict[str, float | int]]:
    """Mean KL at each position over the traces that reach it, with a 95 % bootstrap interval over
    traces.
    """
    width = max(map(len, per_trace), default=0)
    values = np.full((len(per_trace), width), np.nan)
    for row, curve in zip(values, per_trace, strict=True):
        row[: len(curve)] = curve
    present = ~np.isnan(values)
    draws = np.random.default_rng(seed).multinomial(
        len(per_trace), np.full(len(per_trace), 1 / len(per_trace)), resamples
    )
    counts = draws @ present
    means = np.divide(
        draws @ np.nan_to_num(values), counts, out=np.full(counts.shape, np.nan), where=counts > 0
    )
    low, high = np.nanpercentile(means, [2.5, 97.5], axis=0)
    mean = np.nanmean(values, axis=0)
    return [
        {
            "position": i,
            "kl": float(mean[i]),
            "low": float(low[i]),
            "high": float(high[i]),
            "traces": int(present[:, i].sum()),
        }
        for i in range(width)
    ]
