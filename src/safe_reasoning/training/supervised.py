"""Supervised fine-tuning on rows that hold token ids: the shared core of sft, sft_safe, sft_traces
and sft_on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from datasets import Dataset
from trl import SFTConfig, SFTTrainer

from safe_reasoning.core.errors import UserError
from safe_reasoning.core.schemas import IGNORED
from safe_reasoning.training.arguments import lora, training_arguments
from safe_reasoning.training.common import Row, Task, run, sample_rows, tokenizer_of


def completion_length(row: Row) -> int:
    """Tokens of a row, prompt included."""
    return len(row["prompt_ids"]) + len(row["completion_ids"])


def sampled_completions(task: Task, rows: Sequence[Row], what: str) -> list[Row]:
    """The completions that the method trains on."""
    return sample_rows(rows, task, completion_length, what)


def labels_of(row: Row) -> list[int]:
    """Label of each token of prompt and completion, IGNORED where it bears no loss.

    That of a completion token from `loss_from` on is the token itself, or what `label_ids` says.
    (The model scores a label by its distribution after the tokens before it.)
    """
    start = row.get("loss_from") or 0
    given = row.get("label_ids")
    completion = list(row["completion_ids"] if given is None else given)
    if len(completion) != len(row["completion_ids"]):
        raise UserError(
            f"the demonstration of {row.get('prompt_id')} has {len(completion)} label_ids for "
            f"{len(row['completion_ids'])} tokens: make one for each"
        )
    return [IGNORED] * (len(row["prompt_ids"]) + start) + completion[start:]


def labelled(task: Task, rows: Sequence[Row]) -> list[dict[str, list[int]]]:
    """Token ids and labels as TRL takes them; a row without any label is a UserError.

    (TRL would count it among the examples of a step, without a word.)
    """
    data = [
        {"input_ids": [*row["prompt_ids"], *row["completion_ids"]], "labels": labels_of(row)} for row in rows
    ]
    for row, made in zip(rows, data, strict=True):
        if all(label == IGNORED for label in made["labels"]):
            raise UserError(
                f"{task.name}: no token of the demonstration of {row.get('prompt_id')} bears loss (loss_from "
                f"{row.get('loss_from') or 0} of {len(row['completion_ids'])} tokens): leave such rows out"
            )
    return data


def label_counts(rows: Sequence[Row], data: Sequence[Row]) -> dict[str, int]:
    """Tokens that bear loss, by the label of the rows' prompts ("unlabelled" for rows without).

    The loss is a mean over tokens, so that these are the weights of the kinds of rows.
    """
    counts: Counter[str] = Counter()
    for row, made in zip(rows, data, strict=True):
        counts[row.get("label") or "unlabelled"] += sum(label != IGNORED for label in made["labels"])
    return dict(counts)


def train_on_completions(task: Task, rows: Sequence[Row]) -> None:
    """NLL of the rows' labels, mean over the labels of a step; see `labels_of`.

    With `kl_weight` the rows of benign prompts bear a KL to the base instead.
    """
    tokenizer = tokenizer_of(task.base)
    data = labelled(task, rows)
    arguments: dict[str, Any] = {**training_arguments(task, len(rows)), "max_length": None}
    shared = {"model": str(task.base), "processing_class": tokenizer, "peft_config": lora(task.method)}
    if task.method.kl_weight:
        from safe_reasoning.training.retained import RetainingTrainer

        marked = [
            {**made, "retained": row.get("label") == "benign"} for row, made in zip(rows, data, strict=True)
        ]
        trainer: SFTTrainer = RetainingTrainer(
            kl_weight=task.method.kl_weight,
            args=SFTConfig(**arguments, remove_unused_columns=False),
            train_dataset=Dataset.from_list(marked),
            **shared,
        )
    else:
        trainer = SFTTrainer(args=SFTConfig(**arguments), train_dataset=Dataset.from_list(data), **shared)
    tokens = sum(len(made["input_ids"]) for made in data)
    counts = {"examples": len(rows), "tokens": tokens, "labels": label_counts(rows, data)}
    run(trainer, task, tokenizer, lambda _: counts)
