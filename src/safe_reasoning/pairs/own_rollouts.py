"""The base's own rollouts as material for demonstrations: which pass, which are drawn."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Literal

from safe_reasoning.core.seeds import derive_seed
from safe_reasoning.pairs.material import Judged, Material

Part = Literal["zy", "y", "leak", "none"]


def passes(judged: Judged, part: Part) -> bool:
    """Whether a rollout is what is kept; what is unscored is not.

    `zy`: reasoning and response are safe. `y`: the response is, whatever the reasoning holds.
    `leak`: the response alone is. `none`: anything. On a benign prompt the response must comply,
    unless anything passes; its reasoning is not judged.
    """
    if part == "none":
        return True
    if judged.label == "benign" or part == "y":
        return bool(judged.y_safe)
    return bool(judged.y_safe) and judged.z_safe is (part == "zy")


def by_prompt(material: Material, first: int | None = None) -> dict[str, list[Judged]]:
    """The first so many rollouts of each alignment prompt (all by default), in their order."""
    found: dict[str, list[Judged]] = defaultdict(list)
    for judged in sorted(material.rollouts, key=lambda judged: int(judged.row["sample"])):
        if first is None or judged.row["sample"] < first:
            found[judged.row["prompt_id"]].append(judged)
    return found


def drawn(material: Material, prompt_id: str, usable: Sequence[Judged], keep: int = 1) -> list[Judged]:
    """At most `keep` of a prompt's rollouts; the draw depends on prompt and world seed alone."""
    rng = random.Random(derive_seed("kept rollouts", prompt_id, material.config.world_seed))
    return rng.sample(usable, min(keep, len(usable)))


def one_each(material: Material, label: str, part: Part) -> dict[str, Judged]:
    """A whole rollout that passes of each prompt of a label, where there is one, by prompt_id."""
    rollouts = by_prompt(material)
    found = {}
    for prompt in material.of_label(label):
        prompt_id = prompt["prompt_id"]
        usable = [each for each in rollouts[prompt_id] if passes(each, part) and each.is_whole]
        if usable:
            (found[prompt_id],) = drawn(material, prompt_id, usable)
    return found


def benign_rows(material: Material) -> list[dict[str, Any]]:
    """Own answers to benign prompts, one a prompt: what most methods mix in to stay helpful."""
    return [material.whole(judged) for judged in one_each(material, "benign", "y").values()]


def hard_prompts(material: Material) -> set[str]:
    """Harmful prompts none of whose rollouts reasons safely."""
    rollouts = by_prompt(material)
    return {
        prompt["prompt_id"]
        for prompt in material.of_label("harmful")
        if not any(judged.z_safe for judged in rollouts[prompt["prompt_id"]])
    }
