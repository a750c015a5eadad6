"""Loss and gradient norm at each of 30 steps on the tiny random model, to compare with recorded ones."""

import importlib.metadata
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from unittest import mock

from tests.support.paths import ROOT
from tests.support.trainings import configuration, train_here, write_data

STEPS = 30
RECORDED = ROOT / "tests/engine/recorded"
AGAIN = "if the change is meant: python -m tools.record_trajectories, and commit the files with the reason"
RECIPES: dict[str, dict[str, Any]] = {
    "ipo": {},
    "sft": {},
    "grpo": {"rollouts": 4, "batch_size": 8, "learning_rate": 1e-4},
}


def versions() -> dict[str, str]:
    """The packages whose change may move a trajectory."""
    return {name: importlib.metadata.version(name) for name in ("torch", "trl", "transformers")}


def early_letters(*given: Any) -> list[float]:
    """In place of a judge, for whom random text is never safe: the share of letters before n."""
    completions: Sequence[str] = given[2]
    letters = [[c for c in text.casefold() if c.isascii() and c.isalpha()] for text in completions]
    return [sum(c < "n" for c in found) / max(1, len(found)) for found in letters]


def trajectory(recipe: str, base: Path, folder: Path) -> dict[str, list[float]]:
    """Train a recipe for 30 steps; loss and gradient norm of each."""
    data = write_data(folder)
    config = configuration(recipe=recipe, max_steps=STEPS, **RECIPES[recipe])
    short = {"decoding": config.decoding.model_copy(update={"max_new_tokens": 24})}
    files = {"prompts": data["prompts"]} if recipe == "grpo" else {"pairs": data["pairs"]}
    with mock.patch("safe_reasoning.training.grpo.safety_rewards", early_letters):
        summary = train_here(folder, base, config.model_copy(update=short), recipe, **files)
    curve = summary["loss_curve"]
    assert [point["step"] for point in curve] == list(range(1, STEPS + 1)), curve
    return {name: [point[name] for point in curve] for name in ("loss", "grad_norm")}


def recorded(recipe: str) -> dict[str, Any]:
    """The stored trajectory of a recipe, with the versions it holds for."""
    return json.loads((RECORDED / f"{recipe}.json").read_text())
