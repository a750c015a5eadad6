"""The entry to all recipes."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from safe_reasoning.core.errors import UserError
from safe_reasoning.core.products import use_threads
from safe_reasoning.core.records import read_rows
from safe_reasoning.training.common import Row, Task
from safe_reasoning.training.recipe import patterns, recipe_of
from safe_reasoning.training.work import forget_other_work

SCHEMAS = {
    "pairs": "pairs",
    "benign_pairs": "pairs",
    "demonstrations": "demonstrations",
    "prefixes": "prefixes",
    "groups": "groups",
}


def train(task: Task, files: dict[str, str | None], prompts: Sequence[str]) -> None:
    """Train one method.

    Args:
        task: what to train.
        files: data by argument (see `recipe.patterns`); one that the method needs and did not get
            is a UserError. With `start`, any recipe goes on from those weights as from a base.
        prompts: prompt files, for recipes that learn from prompts.
    """
    use_threads(task.config.engine.threads)
    recipe = recipe_of(task.method)
    if not recipe.trained:
        raise UserError(f"{task.name} is not trained: its weights are fetched (scripts/fetch_model.py)")
    data: dict[str, list[Row] | Path] = {}
    inputs: dict[str, Path] = {}
    for name in patterns(task.method):
        path = files.get(name)
        if path is None:
            raise UserError(f"{task.name} ({task.method.recipe}) needs --{name.replace('_', '-')}: give it")
        inputs[name] = Path(path)
        data[name] = list(read_rows(path, SCHEMAS[name])) if name in SCHEMAS else Path(path)
    if isinstance(start := data.pop("start", None), Path):
        task = replace(task, base=start)
    if recipe.learns_from_prompts:
        data["prompts"] = [row for path in prompts for row in read_rows(path, "prompts")]
        inputs |= {f"prompts {number}": Path(path) for number, path in enumerate(prompts)}
    forget_other_work(task, inputs)
    importlib.import_module(f"safe_reasoning.training.recipes.{task.method.recipe}").train(task, **data)
