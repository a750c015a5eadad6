"""SafeKey as we read it: SFT, and in its last part two losses about the key sentence.

The rows say where the model's understanding of the request ends and which sentence its safety hangs
on (`spans`); rows without them bear the NLL alone. The losses are in training/key_sentence.py. Not
SafeKey's release, which is `released` weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from safe_reasoning.training.recipe import Recipe
from safe_reasoning.training.recipes.sft_on import mixed

if TYPE_CHECKING:
    from safe_reasoning.training.common import Row, Task

RECIPE = Recipe(
    inputs={"demonstrations": "pairs/{model}/demonstrations_{demonstrations}.parquet"},
    sides=2,  # the second pass with the request hidden
    whole=True,
    lora=False,  # adapters would be all that a checkpoint holds
)


def marked(row: Row, made: Row, template: tuple[int, int]) -> dict[str, Any]:
    """The row with its spans in tokens of prompt and completion.

    Args:
        row: of schema demonstrations.
        made: its token ids and labels.
        template: tokens of a prompt before and after the request.
    """
    length, spans = len(row["prompt_ids"]), row.get("spans") or {}

    def place(name: str) -> list[int]:
        start, end = spans.get(name) or (0, 0)
        return [length + start, length + end]

    return {
        **made,
        "hidden": [template[0], max(template[0], length - template[1])],
        "understood": place("understanding"),
        "key": place("key"),
        "unsafe": row.get("label") == "harmful",
    }


def train(task: Task, demonstrations: Sequence[Row]) -> None:
    """Train on rows of schema demonstrations with `spans`."""
    from datasets import Dataset
    from trl import SFTConfig

    from safe_reasoning.sampling.chat_template import prompt_ids
    from safe_reasoning.training.arguments import training_arguments
    from safe_reasoning.training.common import run, tokenizer_of
    from safe_reasoning.training.key_sentence import KeySentenceTrainer, template_sizes
    from safe_reasoning.training.supervised import label_counts, labelled

    rows = mixed(task, demonstrations)
    tokenizer = tokenizer_of(task.base)
    template = template_sizes([prompt_ids(tokenizer, text) for text in ("Apples?", "I went home.")])
    data = labelled(task, rows)
    trainer = KeySentenceTrainer(
        settings=task.method.safekey,
        heads_seed=task.seed,
        model=str(task.base),
        args=SFTConfig(**training_arguments(task, len(rows)), max_length=None, remove_unused_columns=False),
        train_dataset=Dataset.from_list(
            [marked(row, made, template) for row, made in zip(rows, data, strict=True)]
        ),
        processing_class=tokenizer,
    )
    counts = {
        "examples": len(rows),
        "tokens": sum(len(made["input_ids"]) for made in data),
        "labels": label_counts(rows, data),
        "rows_with_spans": sum(bool(row.get("spans")) for row in rows),
    }
    run(
        trainer,
        task,
        tokenizer,
        lambda state: {**counts, "extra_steps": trainer.extra_steps(state.max_steps)},
    )
