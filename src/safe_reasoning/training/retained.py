"""SFT that keeps what was there: on some rows KL(base || model) takes the place of the NLL.

Over the whole vocabulary, mean over the tokens that would have borne loss. With a weight on the
benign rows it is ThinkSafe's "+KL" form (arXiv 2601.23143; there the mean of a batch is over
examples) and the KL term of SaLT-DPO. The base is read once more at each step: its frozen weights
need the memory of a second model, none with LoRA.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from transformers import AutoModelForCausalLM
from trl import SFTTrainer
from trl.models.utils import prepare_deepspeed
from trl.trainer.sft_trainer import DataCollatorForLanguageModeling

from safe_reasoning.core.schemas import IGNORED


class RetainingCollator(DataCollatorForLanguageModeling):
    """TRL's batches; the labels of retained rows are taken out and marked in `retained`, shape
    (rows, tokens).
    """

    def torch_call(self, examples: list[dict[str, Any]]) -> dict[str, Any]:
        batch: dict[str, Any] = super().torch_call(examples)
        rows = torch.tensor([example["retained"] for example in examples])
        batch["retained"] = rows[:, None] & (batch["labels"] != IGNORED)
        batch["labels"] = batch["labels"].masked_fill(batch["retained"], IGNORED)
        return batch


def kl_to(reference: Tensor, logits: Tensor) -> Tensor:
    """KL(reference || model) in nats at each position, from logits of shape (..., vocabulary)."""
    wanted, found = (torch.log_softmax(each.float(), -1) for each in (reference, logits))
    return torch.sum(wanted.exp() * (wanted - found), -1)


class RetainingTrainer(SFTTrainer):
    """TRL's SFT on rows with a column `retained`.

    Loss: mean NLL over the labels of the other rows + `kl_weight` x mean KL over those of retained
    rows, each a mean over a whole step, whatever the micro-batch.
    """

    _tokens = (0.0, 0.0)  # of the step, over all processes: with an NLL, with a KL

    def __init__(self, *, kl_weight: float, processing_class: Any, **options: Any) -> None:
        collator = RetainingCollator(pad_token_id=processing_class.pad_token_id)
        super().__init__(processing_class=processing_class, data_collator=collator, **options)
        self._kl_weight = kl_weight
        self._reference: Any = None if options.get("peft_config") else self._frozen(options["model"])

    def _frozen(self, folder: str) -> Any:
        """The base's weights, never trained."""
        arguments: Any = self.args
        model: Any = AutoModelForCausalLM.from_pretrained(folder, **arguments.model_init_kwargs)
        model = model.eval()
        if self.is_deepspeed_enabled:
            return prepare_deepspeed(model, self.accelerator)
        return self.accelerator.prepare_model(model, evaluation_mode=True)

    def get_batch_samples(self, epoch_iterator: Any, num_batches: int, device: torch.device) -> Any:
        """The micro-batches of a step; their tokens of either kind are counted."""
        samples, items = super().get_batch_samples(epoch_iterator, num_batches, device)
        self._tokens = self._counted(samples, device)
        return samples, items

    def _counted(self, samples: Sequence[dict[str, Tensor]], device: torch.device) -> tuple[float, float]:
        own = [
            [float((batch["labels"][:, 1:] != IGNORED).sum()), float(batch["retained"][:, 1:].sum())]
            for batch in samples
        ]
        total = self.accelerator.gather(torch.tensor([own or [[0.0, 0.0]]], device=device).sum(1)).sum(0)
        return float(total[0]), float(total[1])

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """The loss of a micro-batch: its part of the step's."""
        given = {name: inputs[name] for name in ("input_ids", "attention_mask")}
        labels, retained = inputs["labels"][:, 1:], inputs["retained"][:, 1:]
        # Outside of a training step a batch stands for itself
        within = num_items_in_batch is not None
        of_nll, of_kl = self._tokens if within else self._counted([inputs], labels.device)
        outputs = model(**given, use_cache=False)
        logits = outputs.logits[:, :-1]
        nll = torch.nn.functional.cross_entropy(
            logits.float().flatten(0, 1), labels.flatten(), ignore_index=IGNORED, reduction="sum"
        )
        kl = kl_to(self._reference_logits(model, given)[:, :-1], logits).masked_fill(~retained, 0).sum()
        loss = nll / max(1.0, of_nll) + self._kl_weight * kl / max(1.0, of_kl)
        if within:  # the mean over processes of the gradients must be their sum
            loss = loss * self.accelerator.num_processes
        return (loss, outputs) if return_outputs else loss

    @torch.no_grad()
    def _reference_logits(self, model: Any, given: dict[str, Tensor]) -> Tensor:
        """Of the base; with LoRA the model without its adapter."""
        own = self._reference is None
        bare = self.accelerator.unwrap_model(model).disable_adapter() if own else contextlib.nullcontext()
        with bare:
            logits: Tensor = (model if own else self._reference)(**given, use_cache=False).logits
        return logits
