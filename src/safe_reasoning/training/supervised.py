"""Supervised fine-tuning on rows that hold token ids: the shared core of sft and sft_safe."""

from __future__ import annotations

from collections.abc import Sequence

from datasets import Dataset
from trl import SFTConfig, SFTTrainer

from safe_reasoning.training.arguments import lora, training_arguments
from safe_reasoning.training.common import Row, Task, run, sample_rows, tokenizer_of


def sampled_completions(task: Task, rows: Sequence[Row], what: str) -> list[Row]:
    """The completions that the method trains on."""
    return sample_rows(rows, task, lambda row: len(row["prompt_ids"]) + len(row["completion_ids"]), what)


def train_on_completions(task: Task, rows: Sequence[Row]) -> None:
    """NLL of completion_ids given prompt_ids, mean over the completion tokens of a batch."""
    tokenizer = tokenizer_of(task.base)
    data = [
        {
            "input_ids": list(row["prompt_ids"]) + list(row["completion_ids"]),
            "completion_mask": [0] * len(row["prompt_ids"]) + [1] * len(row["completion_ids"]),
        }
        for row in rows
    ]
    arguments = SFTConfig(**training_arguments(task, len(rows)), max_length=None, completion_only_loss=True)
    trainer = SFTTrainer(
        model=str(task.base),
        args=arguments,
        train_dataset=Dataset.from_list(data),
        processing_class=tokenizer,
        peft_config=lora(task.method),
    )
    run(
        trainer,
        task,
        tokenizer,
        lambda _: {"examples": len(rows), "tokens": sum(len(row["input_ids"]) for row in data)},
    )
