"""transformers, for machines without vLLM and as a second opinion on it.

Batched, cached, a random generator of its own for each request.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM

from safe_reasoning import config
from safe_reasoning.core.devices import device
from safe_reasoning.core.trace import CLOSE_TAG
from safe_reasoning.sampling.engine import (
    Request,
    end_ids,
    load_tokenizer,
    remaining_tokens,
    row,
    think_end_id,
    truncated_row,
)


class TransformersEngine:
    """Samples with transformers' forward pass and our own nucleus sampling. See `Engine`."""

    def __init__(self, model_dir: Path, engine: config.Engine, decoding: config.Decoding) -> None:
        torch.set_num_threads(engine.threads)
        self.tokenizer: Any = load_tokenizer(model_dir)
        self.decoding = decoding
        self._engine = engine
        self._end_ids = end_ids(model_dir, self.tokenizer)
        self._think_end = think_end_id(self.tokenizer)
        self._device = device()
        model: Any = AutoModelForCausalLM.from_pretrained(
            model_dir,
            dtype=engine.dtype,
            use_safetensors=True,
            trust_remote_code=False,
            local_files_only=True,
        )
        self._model = model.to(self._device).eval()

    def generate(
        self, requests: Sequence[Request], *, stop_at_think_end: bool = False
    ) -> list[dict[str, Any]]:
        """Sample the requests in batches of like length. See `Engine.generate`."""
        open_requests = [
            i for i, request in enumerate(requests) if remaining_tokens(request, self._engine, self.decoding)
        ]
        order = sorted(
            open_requests, key=lambda i: len(requests[i].prompt_token_ids) + len(requests[i].given_ids)
        )
        rows: dict[int, dict[str, Any]] = {}
        for start in range(0, len(order), self._engine.max_num_seqs):
            batch = order[start : start + self._engine.max_num_seqs]
            for i, (new_ids, reason) in zip(
                batch, self._sample([requests[i] for i in batch], stop_at_think_end), strict=True
            ):
                rows[i] = row(requests[i], new_ids, reason, self.tokenizer)
        return [
            rows[i] if i in rows else truncated_row(request, self._engine, self.tokenizer)
            for i, request in enumerate(requests)
        ]

    @torch.inference_mode()
    def _sample(self, requests: Sequence[Request], stop_at_think_end: bool) -> list[tuple[list[int], str]]:
        """New ids and finish reason of each request, sampled as one batch with the prompts padded
        on the left.
        """
        prompts = [request.prompt_token_ids + request.given_ids for request in requests]
        limits = [remaining_tokens(request, self._engine, self.decoding) for request in requests]
        # One number in [0, 1) a request and step, of the request's own generator: its draws depend
        # on no other request, and the CPU's generators draw the same for every device.
        generators = [torch.Generator().manual_seed(request.seed) for request in requests]
        draws = torch.nn.utils.rnn.pad_sequence(
            [
                torch.rand(request.limit(self.decoding), generator=g)
                for request, g in zip(requests, generators, strict=True)
            ],
            batch_first=True,
        ).to(self._device)
        width = max(map(len, prompts))
        ids = torch.tensor([[0] * (width - len(prompt)) + prompt for prompt in prompts], device=self._device)
        mask = torch.tensor(
            [[0] * (width - len(prompt)) + [1] * len(prompt) for prompt in prompts], device=self._device
        )
        new_ids: list[list[int]] = [[] for _ in requests]
        reasons = [""] * len(requests)
        # The requests that are still computed; a finished one leaves when half of them are
        batch = list(range(len(requests)))
        cache = None
        for step in range(max(limits)):
            positions = (mask.cumsum(-1) - 1).clamp(min=0)[:, -ids.shape[1] :]
            output = self._model(
                input_ids=ids,
                attention_mask=mask,
                position_ids=positions,
                past_key_values=cache,
                use_cache=True,
                logits_to_keep=1,
            )
            cache = output.past_key_values
            chosen = choose(output.logits[:, -1], draws[:, step], self.decoding)
            for i, token in zip(batch, chosen.tolist(), strict=True):
                if not reasons[i]:
                    new_ids[i].append(token)
                    reasons[i] = self._reason(new_ids[i], limits[i], stop_at_think_end)
            ids = chosen[:, None]
            mask = torch.cat([mask, mask.new_ones(len(batch), 1)], dim=1)
            running = [place for place, i in enumerate(batch) if not reasons[i]]
            if not running:
                break
            if len(running) <= len(batch) // 2:
                places = torch.tensor(running, device=self._device)
                cache.batch_select_indices(places)
                ids, mask, draws = ids[places], mask[places], draws[places]
                batch = [batch[place] for place in running]
        return [
            (new[:-1] if new[-1] in self._end_ids else new, reason)
            for new, reason in zip(new_ids, reasons, strict=True)
        ]

    def _reason(self, new_ids: list[int], limit: int, stop_at_think_end: bool) -> str:
        """Why a completion ends with its newest token; empty when it goes on."""
        if new_ids[-1] in self._end_ids or (stop_at_think_end and self._closes(new_ids)):
            return "stop"
        return "length" if len(new_ids) == limit else ""

    def _closes(self, new_ids: list[int]) -> bool:
        """Whether the newest token completes the closing think tag."""
        if self._think_end is not None:
            return new_ids[-1] == self._think_end
        return CLOSE_TAG in self.tokenizer.decode(new_ids[-len(CLOSE_TAG) :], skip_special_tokens=True)


def choose(logits: torch.Tensor, draws: torch.Tensor, decoding: config.Decoding) -> torch.Tensor:
    """One token a row, shape (requests,).

    At temperature 0 the most likely, else drawn from the fewest tokens that hold top_p of the
    probability. These are lined up by their ids, not by their probabilities: two that are about as
    likely would change places with the last bit, which depends on the batch and the device, and the
    same draw would then give another token.

    Args:
        logits: shape (requests, vocabulary).
        draws: a number in [0, 1) a request.
        decoding: temperature and top-p.
    """
    if decoding.temperature == 0:
        return logits.argmax(-1)
    ordered, tokens = torch.softmax(logits.double() / decoding.temperature, -1).sort(
        dim=-1, descending=True, stable=True
    )
    ordered[ordered.cumsum(-1) - ordered >= decoding.top_p] = 0
    cumulative = torch.zeros_like(ordered).scatter_(-1, tokens, ordered).cumsum(-1)
    return (cumulative <= draws[:, None] * cumulative[:, -1:]).sum(-1)
