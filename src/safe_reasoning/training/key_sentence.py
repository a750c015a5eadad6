"""SafeKey's losses: the sentence that safety hangs on, and what the model knows before it.

    L = NLL + key_weight L_key + head_weight L_head      in the last part of the steps, NLL before

L_key is the NLL of the key sentence with the request hidden (training/masked_pass.py), so that it
is said from the model's own understanding. L_head is the binary cross-entropy of two linear heads
on the last hidden layer, which tell harmful requests from benign ones and are thrown away: one
reads the mean over the understanding, one the mean over all tokens up to its end.

Source: SafeKey (arXiv 2505.16186), objective; rebuilt, no code of theirs. Their code is off by one
at the start of the key sentence and lets padding be seen in the masked pass; both are right here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from trl import SFTTrainer
from trl.trainer.sft_trainer import DataCollatorForLanguageModeling

from safe_reasoning.config.methods import SafeKey
from safe_reasoning.training.masked_pass import masked_loss, visible_without

SPANS = ("hidden", "understood", "key")  # of a row: first and past-the-last token, equal where none
HEADS = "safety_heads"


class SpanCollator(DataCollatorForLanguageModeling):
    """TRL's batches with `hidden`, `understood` and `key`, 1 in the span, shape (rows, tokens), and
    `unsafe`, shape (rows,).
    """

    def torch_call(self, examples: list[dict[str, Any]]) -> dict[str, Any]:
        batch: dict[str, Any] = super().torch_call(examples)
        places = torch.arange(batch["input_ids"].shape[1])[None]
        for name in SPANS:
            spans = torch.tensor([example[name] for example in examples])
            batch[name] = ((places >= spans[:, :1]) & (places < spans[:, 1:])).long()
        batch["unsafe"] = torch.tensor([float(example["unsafe"]) for example in examples])
        return batch


class SafetyHeads(nn.Module):
    """Two logits of a harmful request, from hidden states of shape (rows, tokens, hidden).

    Means and logits are float32, whatever DeepSpeed makes of the weights.
    """

    def __init__(self, hidden: int, seed: int) -> None:
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(seed)  # what else is drawn does not depend on the heads
            self.understood, self.all = nn.Linear(hidden, 1), nn.Linear(hidden, 1)

    def forward(self, states: Tensor, understood: Tensor) -> tuple[Tensor, Tensor]:
        """Of the mean over the understood tokens, and over all up to the last of them.

        Args:
            states: hidden states.
            understood: 1 for a token of the understanding, shape (rows, tokens). A row without any
                has the logits of zeros.
        """
        before = understood.flip(1).cumsum(1).flip(1).clamp(max=1)
        means = [
            (states.float() * mask[..., None]).sum(1) / mask.sum(1, keepdim=True).clamp(min=1)
            for mask in (understood, before)
        ]
        understood_logits, all_logits = (
            head(mean.to(head.weight.dtype))[:, 0].float()
            for head, mean in zip((self.understood, self.all), means, strict=True)
        )
        return understood_logits, all_logits


class KeySentenceTrainer(SFTTrainer):
    """TRL's SFT with SafeKey's losses; with both weights 0 it is TRL's SFT.

    L_key is a mean over the key tokens of a step, L_head over its rows with an understanding,
    whatever the micro-batch. The heads are part of checkpoints, so that a killed training goes on
    with them, and of no weights that are kept.
    """

    masked_passes = 0
    _counts = (0.0, 0.0)  # of the step, over all processes: key tokens, understood rows

    def __init__(self, *, settings: SafeKey, heads_seed: int, processing_class: Any, **options: Any) -> None:
        collator = SpanCollator(pad_token_id=processing_class.pad_token_id)
        super().__init__(processing_class=processing_class, data_collator=collator, **options)
        self._settings = settings
        if settings.head_weight:
            model: Any = self.model
            heads = SafetyHeads(model.config.hidden_size, heads_seed)
            # ZeRO-3 has shared out the model in bfloat16 by now, and takes weights of one type
            setattr(model, HEADS, heads.to(model.device, model.dtype))

    def extra_steps(self, steps: int) -> int:
        """How many of so many steps, the last ones, have the extra losses."""
        return round(self._settings.last_share * steps)

    def _extras_are_on(self) -> bool:
        on = self.state.global_step >= self.state.max_steps - self.extra_steps(self.state.max_steps)
        return on and bool(self._settings.key_weight or self._settings.head_weight)

    def get_batch_samples(self, epoch_iterator: Any, num_batches: int, device: torch.device) -> Any:
        """The micro-batches of a step; its key tokens and understood rows are counted."""
        samples, items = super().get_batch_samples(epoch_iterator, num_batches, device)
        own = [[float(batch["key"].sum()), float(batch["understood"].any(1).sum())] for batch in samples]
        total = self.accelerator.gather(torch.tensor([own or [[0.0, 0.0]]], device=device).sum(1)).sum(0)
        self._counts = (float(total[0]), float(total[1]))
        return samples, items

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """The loss of a micro-batch: its part of the step's."""
        spans = {name: inputs.pop(name) for name in (*SPANS, "unsafe")}
        if not self._extras_are_on():
            return super().compute_loss(model, inputs, return_outputs, num_items_in_batch)
        given = {name: inputs[name] for name in ("input_ids", "attention_mask")}
        with last_states(self.accelerator.unwrap_model(model)) as states:
            loss = super().compute_loss(model, inputs, num_items_in_batch=num_items_in_batch)
            (hidden,) = states
        extra = self._head_loss(model, hidden, spans) + self._key_loss(model, given, spans)
        if num_items_in_batch is not None:  # the mean over processes of the gradients must be their sum
            extra = extra * self.accelerator.num_processes
        return loss + extra

    def _key_loss(self, model: Any, given: Mapping[str, Tensor], spans: Mapping[str, Tensor]) -> Any:
        weight = self._settings.key_weight
        if not weight:
            return 0.0
        self.masked_passes += 1
        visible = visible_without(given["attention_mask"], spans["hidden"])
        return (
            weight * masked_loss(model, given["input_ids"], visible, spans["key"]) / max(1.0, self._counts[0])
        )

    def _head_loss(self, model: Any, hidden: Tensor, spans: Mapping[str, Tensor]) -> Any:
        """Part of L_head of a micro-batch: 0 where no row has an understanding.

        The heads run on every row all the same: all processes have to reduce the same gradients.
        """
        weight, balance = self._settings.head_weight, self._settings.head_balance
        if not weight:
            return 0.0
        heads = getattr(self.accelerator.unwrap_model(model), HEADS)
        counted = spans["understood"].any(1).float()
        losses = [
            nn.functional.binary_cross_entropy_with_logits(each, spans["unsafe"], counted, reduction="sum")
            for each in heads(hidden, spans["understood"])
        ]
        return weight * (balance * losses[0] + (1 - balance) * losses[1]) / max(1.0, self._counts[1])

    def _save(self, output_dir: str | None = None, state_dict: Any = None) -> None:
        """Weights without the heads, but in a checkpoint."""
        if output_dir is not None and "checkpoint-" not in output_dir.rpartition("/")[2]:
            model: Any = self.model
            whole = model.state_dict() if state_dict is None else state_dict
            state_dict = {name: value for name, value in whole.items() if not name.startswith(f"{HEADS}.")}
        super()._save(output_dir, state_dict)


@contextmanager
def last_states(model: Any) -> Iterator[list[Tensor]]:
    """The last hidden states of the forward passes within, each of shape (rows, tokens, hidden)."""
    found: list[Tensor] = []
    decoder = model.get_decoder()
    handle = decoder.register_forward_hook(lambda *call: found.append(call[-1].last_hidden_state))
    try:
        yield found
    finally:
        handle.remove()


def template_sizes(prompts: Sequence[Sequence[int]]) -> tuple[int, int]:
    """How many tokens prompts that have nothing but their template in common begin and end with."""

    def shared(columns: Iterator[tuple[int, ...]]) -> int:
        count = 0
        for column in columns:
            if len(set(column)) > 1:
                break
            count += 1
        return count

    before = shared(zip(*prompts, strict=False))
    after = shared(zip(*(reversed(ids) for ids in prompts), strict=False))
    return before, after
