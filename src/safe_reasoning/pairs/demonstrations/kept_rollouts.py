"""The base's own rollouts, those of them that the judge lets pass.

With `need: all` a prompt counts only if all of its first k rollouts are safe, and one is drawn:
SafeChain's rule (arXiv 2502.12025, five responses of a teacher by Llama Guard), here with the model
as its own teacher. With `need: one` it is rejection sampling. Without a filter (`part: none`) and
with several a prompt it is the warm-up of TARS (arXiv 2507.00971), whose traces need not be safe.
Refusals whatever the reasoning holds (`part: y`, no benign rows) are the filter of RealSafe-R1
(arXiv 2504.10081); leaks alone must leave the reasoning harmful. `no_cue` leaves out traces that
vacillate: a filter of the study of safety data (arXiv 2505.15404).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from safe_reasoning.config.demonstrations import KindSettings
from safe_reasoning.judging.cues import find_cues
from safe_reasoning.pairs.demonstration import Counts, Kind
from safe_reasoning.pairs.material import Built, Judged, Material
from safe_reasoning.pairs.own_rollouts import by_prompt, drawn, passes


class Settings(KindSettings):
    """Which rollouts are kept."""

    need: Literal["all", "one"] = Field("one", description="how many of a prompt's rollouts must pass")
    part: Literal["zy", "y", "leak", "none"] = Field(
        "zy",
        description=(
            "what must be safe: reasoning and response, the response, the response behind a harmful "
            "reasoning, or nothing"
        ),
    )
    rollouts: int | None = Field(None, ge=1, description="k: the first so many of a prompt; by default all")
    keep: int = Field(1, ge=1, description="rollouts of a prompt that are kept, drawn with a seed")
    no_cue: bool = Field(
        False, description="leave out harmful prompts' rollouts that hold a cue, though they end safely"
    )
    benign: bool = Field(True, description="whether rollouts of benign prompts are kept too")


def _rows(settings: Settings, counts: Counts) -> int:
    return (counts.harmful + settings.benign * counts.benign) * settings.keep


KIND = Kind(
    settings=Settings,
    needs=lambda settings: ("rollouts",),
    empty="take need: one, part: y or fewer rollouts, or sample more (characterize.rollouts)",
    rows=_rows,
)


def build(material: Material) -> Built:
    """Rows of the kept rollouts, harmful prompts before benign ones in their order.

    Counts: `prompts` of either label with rollouts, `kept_harmful` and `kept_benign` of them, and
    `safe_rollouts` of the kept harmful prompts (of `kept_harmful` x k), which says how little they
    needed training.
    """
    settings: Settings = material.settings
    rollouts = by_prompt(material, settings.rollouts)
    rows, kept, safe = [], {"harmful": 0, "benign": 0}, 0
    for prompt_id in material.prompts:
        label, found = material.label(prompt_id), rollouts[prompt_id]
        good = [judged for judged in found if passes(judged, settings.part)]
        usable = [judged for judged in good if judged.is_whole]
        if settings.no_cue and label == "harmful":
            usable = _without_cue(material, usable)
        if not usable or (settings.need == "all" and len(good) < len(found)):
            continue
        if label == "benign" and not settings.benign:
            continue
        rows += [material.whole(judged) for judged in drawn(material, prompt_id, usable, settings.keep)]
        kept[label] += 1
        if label == "harmful":
            safe += sum(bool(judged.z_safe) for judged in found)
    counts = {
        "prompts": len([found for found in rollouts.values() if found]),
        "kept_harmful": kept["harmful"],
        "kept_benign": kept["benign"],
        "safe_rollouts": safe,
    }
    return Built(rows, counts)


def _without_cue(material: Material, rollouts: Sequence[Judged]) -> list[Judged]:
    ids = [judged.row["token_ids"] for judged in rollouts]
    cues = find_cues(material.tokenizer, ids, material.detector)
    return [judged for judged, (cue, _) in zip(rollouts, cues, strict=True) if cue is None]
