"""SaLT-DPO: own completions of a prompt ranked by safety, reasoning and response apart.

No cue, no intervention: what differs between independent samples is what is learned. It needs
prompts whose samples differ in safety, where IPO makes the difference itself. The loss is in
training/listwise.py.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from safe_reasoning.core.cli import progress
from safe_reasoning.core.errors import UserError
from safe_reasoning.core.seeds import derive_seed
from safe_reasoning.training.recipe import Recipe

if TYPE_CHECKING:
    from safe_reasoning.training.common import Row, Task

RECIPE = Recipe(inputs={"groups": "pairs/{model}/groups.parquet"}, whole=True)
DRAWS = 100  # of a group's members, until their scores differ
_BY_COMPLETION = ("completions", "reasoning_ends", "reasoning_scores", "response_scores")


def draw(row: Row, size: int, seed: int) -> dict[str, Any] | None:
    """A group of `size` of the row's completions (all, where it has no more), drawn with the seed.

    Each such group whose best and worst scores differ, in reasoning and in response, is as likely.
    None where none of DRAWS draws is one.
    """
    rng, members = random.Random(seed), range(len(row["completions"]))
    for _ in range(DRAWS):
        kept = sorted(rng.sample(members, min(size, len(members))))
        group = {**row, **{name: [row[name][i] for i in kept] for name in _BY_COMPLETION}}
        if all(len(set(group[f"{part}_scores"])) > 1 for part in ("reasoning", "response")):
            return group
    return None


def groups_to_train(task: Task, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """The method's groups, each with `benign`: prompt and completion ids of a benign row, which go
    round; None with `kl_weight: 0`.

    Neither a group nor, with a weight, a benign row is a UserError.
    """
    from safe_reasoning.training.common import sample_rows
    from safe_reasoning.training.listwise import group_length

    size = task.method.salt.group
    harmful = sample_rows(
        [row for row in rows if row["label"] == "harmful"], task, group_length, "groups of completions"
    )
    groups = [draw(row, size, derive_seed("group", row["prompt_id"], task.seed)) for row in harmful]
    kept = [group for group in groups if group is not None]
    progress(f"{task.name}: {len(kept)} groups; {len(groups) - len(kept)} draws had scores all alike")
    if not kept:
        raise UserError(
            f"{task.name}: no group of {size} completions differs in safety: raise methods.{task.name}."
            "salt.group, or characterize.rollouts"
        )
    benign: list[Any] = [None]
    if task.method.salt.kl_weight:
        others = [row for row in rows if row["label"] == "benign"]
        others = sample_rows(others, task, group_length, "benign completions")
        benign = [(row["prompt_ids"], ids) for row in others for ids in row["completions"]]
    return [{**group, "benign": pair} for group, pair in zip(kept, itertools.cycle(benign), strict=False)]


def train(task: Task, groups: Sequence[Row]) -> None:
    """Train on groups of scored completions (rows of schema groups)."""
    from safe_reasoning.training.group_preference import train_on_groups

    train_on_groups(task, groups_to_train(task, groups))
