"""The base's own rollouts, those of them that the judge lets pass.

With `need: all` a prompt counts only if all of its first k rollouts are safe, and one is drawn:
SafeChain's rule (arXiv 2502.12025, five responses of a teacher by Llama Guard), here with the model
as its own teacher. With `need: one` it is rejection sampling. Without a filter (`part: none`) and
with several a prompt it is the warm-up of TARS (arXiv 2507.00971), whose traces need not be safe.
"""

from __future__ import annotations

import random
from collections import defaultdict
from typing import Literal

from pydantic import Field

from safe_reasoning.config.demonstrations import KindSettings
from safe_reasoning.core.seeds import derive_seed
from safe_reasoning.pairs.demonstration import Counts, Kind
from safe_reasoning.pairs.material import Built, Judged, Material


class Settings(KindSettings):
    """Which rollouts are kept."""

    need: Literal["all", "one"] = Field("one", description="how many of a prompt's rollouts must be safe")
    part: Literal["zy", "y", "none"] = Field(
        "zy", description="what must be safe: reasoning and response, the response, or nothing"
    )
    rollouts: int | None = Field(None, ge=1, description="k: the first so many of a prompt; by default all")
    keep: int = Field(1, ge=1, description="rollouts of a prompt that are kept, drawn with a seed")


def _rows(settings: Settings, counts: Counts) -> int:
    return (counts.harmful + counts.benign) * settings.keep


KIND = Kind(
    settings=Settings,
    needs=lambda settings: ("rollouts",),
    empty="take need: one, part: y or fewer rollouts, or sample more (characterize.rollouts)",
    rows=_rows,
)


def passes(judged: Judged, part: Literal["zy", "y", "none"]) -> bool:
    """Whether a rollout is safe in what must be safe; what is unscored is not.

    On a benign prompt the response must comply; its reasoning is not judged.
    """
    if part == "none":
        return True
    return bool(judged.y_safe) and (part == "y" or judged.label == "benign" or bool(judged.z_safe))


def build(material: Material) -> Built:
    """Rows of the kept rollouts, harmful prompts before benign ones in their order.

    Counts: `prompts` of either label with rollouts, `kept_prompts` of them, and `safe_rollouts` of
    the kept harmful prompts (of `kept_harmful` x k), which says how little they needed training.
    """
    settings: Settings = material.settings
    by_prompt: dict[str, list[Judged]] = defaultdict(list)
    for judged in sorted(material.rollouts, key=lambda judged: int(judged.row["sample"])):
        if settings.rollouts is None or judged.row["sample"] < settings.rollouts:
            by_prompt[judged.row["prompt_id"]].append(judged)
    rows, kept, safe = [], {"harmful": 0, "benign": 0}, 0
    for prompt_id in material.prompts:
        found = by_prompt[prompt_id]
        good = [judged for judged in found if passes(judged, settings.part)]
        usable = [judged for judged in good if judged.is_whole]
        if not usable or (settings.need == "all" and len(good) < len(found)):
            continue
        rng = random.Random(derive_seed("kept rollouts", prompt_id, material.config.world_seed))
        drawn = rng.sample(usable, min(settings.keep, len(usable)))
        rows += [material.whole(judged) for judged in drawn]
        kept[material.label(prompt_id)] += 1
        if material.label(prompt_id) == "harmful":
            safe += sum(bool(judged.z_safe) for judged in found)
    counts = {
        "prompts": len(by_prompt),
        "kept_harmful": kept["harmful"],
        "kept_benign": kept["benign"],
        "safe_rollouts": safe,
    }
    return Built(rows, counts)
