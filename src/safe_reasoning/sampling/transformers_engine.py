"""transformers, for machines without vLLM and as a second opinion on it.

Batched, cached, a random generator of its own for each request.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import astuple
from functools import partial
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM

from safe_reasoning import config
from safe_reasoning.core.devices import device
from safe_reasoning.core.model_folder import check_model
from safe_reasoning.core.products import use_threads
from safe_reasoning.sampling.ends import ends_of
from safe_reasoning.sampling.engine import (
    Request,
    load_tokenizer,
    remaining_tokens,
    row,
    truncated_row,
)
from safe_reasoning.sampling.nucleus import Tally, biased, choose, uniform

_READ_AT_ONCE = 64  # tokens: the logits of a long completion would fill the memory


class TransformersEngine:
    """Samples with transformers' forward pass and our own nucleus sampling. See `Engine`."""

    def __init__(self, model_dir: Path, engine: config.Engine, decoding: config.Decoding) -> None:
        use_threads(engine.threads)
        self.tokenizer: Any = load_tokenizer(model_dir)
        self.decoding = decoding
        self.tally = Tally()
        self._engine = engine
        self._ends = ends_of(model_dir, self.tokenizer)
        self._device = device()
        self.load_weights(model_dir)

    def load_weights(self, model_dir: Path) -> None:
        """Read the weights of a folder. See `Engine.load_weights`."""
        check_model(model_dir)
        model: Any = AutoModelForCausalLM.from_pretrained(
            model_dir,
            dtype=self._engine.dtype,
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
        before = astuple(self.tally)
        for start in range(0, len(order), self._engine.max_num_seqs):
            batch = order[start : start + self._engine.max_num_seqs]
            for i, (new_ids, reason) in zip(
                batch, self._sample([requests[i] for i in batch], stop_at_think_end), strict=True
            ):
                rows[i] = row(requests[i], new_ids, reason, self.tokenizer)
        self.tally.report_since(*before)
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
        draws = torch.nn.utils.rnn.pad_sequence(
            [uniform(request.seed, limit) for request, limit in zip(requests, limits, strict=True)],
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
            logits = biased(output.logits[:, -1], [requests[i].logit_bias for i in batch])
            chosen = choose(logits, draws[:, step], self.decoding, self.tally)
            for i, token in zip(batch, chosen.tolist(), strict=True):
                if not reasons[i]:
                    new_ids[i].append(token)
                    reasons[i] = self._ends.reason(new_ids[i], limits[i], stop_at_think_end=stop_at_think_end)
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
        return [(self._ends.kept(new), reason) for new, reason in zip(new_ids, reasons, strict=True)]

    @torch.inference_mode()
    def next_tokens(
        self, prompt_token_ids: Sequence[int], token_ids: Sequence[int]
    ) -> Iterator[Callable[[Sequence[float]], list[int]]]:
        """Draws of the token that comes next, after 0, 1, ... all tokens of a completion.

        The completion is read once. Each function turns numbers in [0, 1) into as many tokens,
        drawn as `generate` draws them.

        Args:
            prompt_token_ids: of the prompt, at least one.
            token_ids: of the completion; both together fit into the model's context.
        """
        ids = torch.tensor([[*prompt_token_ids, *token_ids]], device=self._device)
        cache = None
        for start in range(0, ids.shape[1], _READ_AT_ONCE):
            output = self._model(
                input_ids=ids[:, start : start + _READ_AT_ONCE], past_key_values=cache, use_cache=True
            )
            cache = output.past_key_values
            for read, logits in enumerate(output.logits[0], start + 1):
                if read >= len(prompt_token_ids):
                    yield partial(self._draw, logits[None])

    def _draw(self, logits: torch.Tensor, draws: Sequence[float]) -> list[int]:
        """One token a draw, all of the same logits, shape (1, vocabulary)."""
        numbers = torch.tensor(draws, dtype=torch.float64, device=self._device)
        chosen: list[int] = choose(logits, numbers, self.decoding, self.tally).tolist()
        return chosen
