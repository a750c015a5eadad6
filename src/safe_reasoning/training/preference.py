"""DPO on rows that hold token ids: the shared core of ipo, ipo_stage2, dpo_full and dpo_natural."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from trl import DPOConfig, DPOTrainer

from safe_reasoning.training.arguments import lora, training_arguments
from safe_reasoning.training.common import Row, Task, run, sample_rows, tokenizer_of
from safe_reasoning.training.shared_prefix import SharedPrefix


class TokenDPOTrainer(DPOTrainer):
    """TRL's DPO on prompt_ids, chosen_ids and rejected_ids as they are.

    TRL's own preparation would tokenise text again, which can cut other tokens than the model
    sampled, and would append an end-of-sequence token to reasoning that must go on.
    """

    _mean_chosen_tokens = 0.0  # of the micro-batches of one step, over all processes

    def _prepare_dataset(self, dataset: Any, *_: Any, **__: Any) -> Any:
        return dataset

    def get_batch_samples(self, epoch_iterator: Any, num_batches: int, device: torch.device) -> Any:
        """The micro-batches of a step; their chosen tokens are counted."""
        samples, items = super().get_batch_samples(epoch_iterator, num_batches, device)
        counts = torch.tensor(
            [_chosen_tokens(inputs) for inputs in samples], dtype=torch.float64, device=device
        )
        self._mean_chosen_tokens = float(self.accelerator.gather(counts).mean())
        return samples, items

    def _compute_loss(self, model: Any, inputs: dict[str, Any], return_outputs: bool) -> Any:
        """TRL's loss, a pair's shared prefix computed once.

        The NLL is the mean over the chosen tokens of the whole step.

        TRL takes the mean of each micro-batch, and of these a plain mean: with small micro-batches
        a token of a short completion would weigh more than one of a long completion.
        """
        weights = self.loss_weights
        # Outside of a training step a batch stands for itself.
        share = _chosen_tokens(inputs) / (self._mean_chosen_tokens or _chosen_tokens(inputs))
        self.loss_weights = [weights[0], *(weight * share for weight in weights[1:])]
        try:
            return super()._compute_loss(SharedPrefix(model), inputs, return_outputs)
        finally:
            self.loss_weights = weights

    def compute_ref_log_probs(self, model: Any, inputs: dict[str, Any]) -> Any:
        """TRL's log-probabilities of the reference, a pair's shared prefix computed once."""
        return super().compute_ref_log_probs(SharedPrefix(model), inputs)


def _chosen_tokens(inputs: dict[str, Any]) -> int:
    """Chosen tokens of a micro-batch, whose first half are the chosen sides."""
    chosen, _ = inputs["completion_mask"][..., 1:].chunk(2, dim=0)
    return int(chosen.sum())


def pair_length(row: Row) -> int:
    """Tokens of the longer side of a pair, prompt included."""
    return len(row["prompt_ids"]) + max(len(row["chosen_ids"]), len(row["rejected_ids"]))


def train_on_pairs(task: Task, rows: Sequence[Row], *, start: Path | None = None, nll_weight: float) -> None:
    """DPO on the tokens after each row's prompt_ids, plus `nll_weight` times the NLL of the chosen
    ones.

    Args:
        task: what to train.
        rows: rows of schema pairs.
        start: weights to go on from, which are also the reference; the base model by default.
        nll_weight: 0 leaves the NLL term out.
    """
    start = start or task.base
    tokenizer = tokenizer_of(start)
    losses = ["sigmoid", "sft"] if nll_weight else ["sigmoid"]
    arguments = DPOConfig(
        **training_arguments(task, len(rows)),
        beta=task.method.beta,
        loss_type=losses,
        loss_weights=[1.0, nll_weight] if nll_weight else None,
        max_length=None,  # rows were checked for length: TRL must not cut any
        precompute_ref_log_probs=True,
    )
    trainer = TokenDPOTrainer(
        model=str(start),
        args=arguments,
        train_dataset=_shared_dataset(rows, arguments),
        processing_class=tokenizer,
        peft_config=lora(task.method),
    )
    run(trainer, task, tokenizer, lambda _: {"examples": len(rows), "tokens": sum(map(pair_length, rows))})


def _shared_dataset(rows: Sequence[Row], arguments: DPOConfig) -> Dataset:
    """The rows as a data set on disk.

    The first process writes the reference log-probabilities next to it, the others read them there.
    """
    folder = Path(str(arguments.output_dir)) / "rows"
    with arguments.main_process_first(local=False):
        if arguments.process_index == 0:
            columns = ("prompt_ids", "chosen_ids", "rejected_ids")
            Dataset.from_list(
                [{column: list(row[column]) for column in columns} for row in rows]
            ).save_to_disk(folder)
        return Dataset.load_from_disk(folder)


def sampled_pairs(task: Task, rows: Sequence[Row]) -> list[Row]:
    """The pairs that the method trains on."""
    return sample_rows(rows, task, pair_length, "pairs")
