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
    reasoning = list(reasoning)[:tokens]
    ids = torch.tensor([[*prompt, *reasoning]])
    window = slice(len(prompt) - 1, len(prompt) - 1 + len(reasoning))
    logits = [model(input_ids=ids.to(model.device)).logits[0, window].float() for model in (aligned, base)]
    shared = min(each.shape[-1] for each in logits)
    p, q = (torch.log_softmax(each[:, :shared], -1) for each in logits)
    return torch.sum(p.exp() * (p - q), -1).clamp(min=0).cpu().numpy()


def load_float32(folder: Path) -> Any:
    """A model in float32 on the GPU if there is one."""
    check_model(folder)
    model: Any = AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.float32, use_safetensors=True, trust_remote_code=False
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
