"""Training on groups of scored completions: the reference, the arguments, the run (recipe salt)."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import torch
from transformers import AutoModelForCausalLM, TrainingArguments

from safe_reasoning.core.cli import progress
from safe_reasoning.training.arguments import lora, precision, training_arguments
from safe_reasoning.training.common import Row, Task, run, tokenizer_of
from safe_reasoning.training.listwise import GroupCollator, ListwiseTrainer, segment_means


def train_on_groups(task: Task, groups: Sequence[Row]) -> None:
    """SaLT-DPO's loss on groups, the base model being the reference.

    The reference's log-probabilities are computed beforehand, by each process for itself. For the
    KL it is held in memory, in the arithmetic of the training.

    Args:
        task: what to train.
        groups: rows of schema groups, each with `benign`, prompt and completion ids of a benign
            row, or None.
    """
    tokenizer = tokenizer_of(task.base)
    collator = GroupCollator(tokenizer.pad_token_id)
    options = training_arguments(task, len(groups))
    loading = options.pop("model_init_kwargs")
    # Read before DeepSpeed knows of the training: it would share out these weights too
    dtype = {**loading, "dtype": precision(task.method)}
    reference = AutoModelForCausalLM.from_pretrained(task.base, **dtype).eval().requires_grad_(False)
    # The trainer has not chosen this process's GPU yet
    own = f"cuda:{os.environ.get('LOCAL_RANK', '0')}"
    reference = reference.to(own if torch.cuda.is_available() else "cpu")
    rows = with_reference(reference, groups, collator)
    arguments = TrainingArguments(**options, remove_unused_columns=False)
    trainer = ListwiseTrainer(
        settings=task.method.salt,
        reference=reference,
        model=trainable(task, loading),
        args=arguments,
        train_dataset=rows,
        data_collator=collator,
        processing_class=tokenizer,
    )
    run(trainer, task, tokenizer, lambda _: counts(groups))


def with_reference(reference: Any, groups: Sequence[Row], collator: GroupCollator) -> list[dict[str, Any]]:
    """The groups with the means of their segments under the reference."""
    progress(f"log-probabilities of {len(groups)} groups under the base model")
    rows = []
    with torch.no_grad():
        for group in groups:
            batch = {name: part.to(reference.device) for name, part in collator([group]).items()}
            rows.append({**group, "reference": segment_means(reference, batch).cpu()})
    return rows


def trainable(task: Task, loading: dict[str, Any]) -> Any:
    """The model to train, with adapters where the method asks for LoRA."""
    model = AutoModelForCausalLM.from_pretrained(task.base, **loading)
    if adapters := lora(task.method):
        from peft import get_peft_model

        model = get_peft_model(model, adapters)
    return model


def counts(groups: Sequence[Row]) -> dict[str, int]:
    """What was trained on: groups, completions, and tokens of both with their prompts."""
    completions = [(row["prompt_ids"], ids) for row in groups for ids in row["completions"]]
    benign = [row["benign"] for row in groups if row["benign"]]
    return {
        "examples": len(groups),
        "completions": len(completions),
        "benign_completions": len(benign),
        "tokens": sum(len(prompt) + len(ids) for prompt, ids in [*completions, *benign]),
    }
