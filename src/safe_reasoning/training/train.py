"""The entry to all recipes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

from safe_reasoning.errors import UserError
from safe_reasoning.records import read_rows
from safe_reasoning.training.common import Row, Task


def train(
    task: Task, *, pairs: str | None, benign_pairs: str | None, stage1: Path | None, demonstrations: str | None, prompts: Sequence[str]
) -> None:
    """Train one method; a data file that its recipe needs and did not get is a UserError."""
    torch.set_num_threads(task.config.engine.threads)

    def rows(path: str | None, schema: str, option: str) -> list[Row]:
        if path is None:
            raise UserError(f"{task.name} ({task.method.recipe}) needs {option}: give it")
        return list(read_rows(path, schema))

    match task.method.recipe:
        case "ipo":
            from safe_reasoning.training.ipo import train_ipo

            train_ipo(task, rows(pairs, "pairs", "--pairs"))
        case "ipo_stage2":
            from safe_reasoning.training.ipo_stage2 import train_ipo_stage2

            if stage1 is None:
                raise UserError(f"{task.name} (ipo_stage2) needs --stage1: give the folder of the stage-1 model")
            train_ipo_stage2(task, rows(pairs, "pairs", "--pairs"), rows(benign_pairs, "pairs", "--benign-pairs"), stage1)
        case "dpo_full":
            from safe_reasoning.training.dpo_full import train_dpo_full

            train_dpo_full(task, rows(pairs, "pairs", "--pairs"))
        case "dpo_natural":
            from safe_reasoning.training.dpo_natural import train_dpo_natural

            train_dpo_natural(task, rows(pairs, "pairs", "--pairs"))
        case "sft":
            from safe_reasoning.training.sft import train_sft

            train_sft(task, rows(pairs, "pairs", "--pairs"))
        case "sft_safe":
            from safe_reasoning.training.sft_safe import train_sft_safe

            train_sft_safe(task, rows(demonstrations, "demonstrations", "--demonstrations"))
        case "sft_traces":
            from safe_reasoning.training.sft_traces import train_sft_traces

            train_sft_traces(task, rows(demonstrations, "demonstrations", "--demonstrations"))
        case "released":
            raise UserError(f"{task.name} is not trained: its weights are fetched (scripts/fetch_model.py)")
        case "grpo":
            from safe_reasoning.training.grpo import train_grpo

            train_grpo(task, [row for path in prompts for row in rows(path, "prompts", "--prompts")])
