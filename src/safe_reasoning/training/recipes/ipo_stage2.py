"""IPO's second stage, against over-refusal (paper section 3, step 8).

DPO on benign prompts, chosen the base model's answer and rejected the stage-1 model's refusal,
mixed with intervened pairs so that safety is not unlearned. It goes on from the stage-1 model,
which is also the reference; the paper leaves both that and the ratio open.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from safe_reasoning.core.cli import progress
from safe_reasoning.core.seeds import derive_seed
from safe_reasoning.training.recipe import INTERVENED, Recipe

if TYPE_CHECKING:
    from safe_reasoning.training.common import Row, Task

RECIPE = Recipe(
    inputs={
        "pairs": INTERVENED,
        "benign_pairs": "pairs/{model}/overrefusal_seed{seed}.parquet",
        "stage1": "models/{model}/ipo/seed{seed}/training.json",
    },
    whole=True,
    priority=10,
)


def mix(task: Task, pairs: Sequence[Row], benign_pairs: Sequence[Row]) -> list[Row]:
    """`benign_ratio` benign pairs for each intervened one, at most `max_examples` in all.

    Too few benign pairs: all of them, and that many others fewer.
    """
    from safe_reasoning.training.preference import sampled_pairs

    ratio = task.method.benign_ratio
    harmful = sampled_pairs(task, pairs)
    total = min(
        task.method.max_examples or len(harmful) + len(benign_pairs), len(harmful) + len(benign_pairs)
    )
    benign = sampled_pairs(task, benign_pairs)[: round(total * ratio / (1 + ratio))]
    harmful = harmful[: total - len(benign)]
    if ratio:
        harmful = harmful[: max(1, round(len(benign) / ratio))]
    mixed = [*harmful, *benign]
    random.Random(derive_seed("stage 2", task.seed)).shuffle(mixed)
    progress(f"{task.name}: {len(benign)} benign and {len(harmful)} intervened pairs")
    return mixed


def train(task: Task, pairs: Sequence[Row], benign_pairs: Sequence[Row], stage1: Path) -> None:
    """Go on from the stage-1 weights in the folder `stage1`.

    Without benign pairs they are handed on as they are.
    """
    from safe_reasoning.training.common import keep_unchanged
    from safe_reasoning.training.preference import train_on_pairs

    if not benign_pairs:
        keep_unchanged(
            task, stage1, "the stage-1 model refuses no benign prompt, so there is no over-refusal to undo"
        )
        return
    train_on_pairs(task, mix(task, pairs, benign_pairs), start=stage1, nll_weight=task.method.nll_weight)
