"""Rollouts of a base that was steered towards refusing, stored as answers to the plain prompt.

ThinkSafe (arXiv 2601.23143): an instruction to refuse stands before the model's own harmful
prompts; traces that the judge finds safe are kept and learned without it; benign prompts are
answered plainly. With a policy in the place of the instruction and a balanced choice of rows it is
STAR-1 (arXiv 2504.01903) without a teacher. A nano model follows no instructions: there the
steering is a trigger sentence that is forced into the reasoning, which is learned too: after the
model's own first sentence, or as the first thought, where no document of the corpus has one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import Field

from safe_reasoning.config.demonstrations import KindSettings
from safe_reasoning.core.seeds import derive_seed
from safe_reasoning.core.sentences import split_sentences
from safe_reasoning.core.trace import continue_text, split_trace, whole_tokens
from safe_reasoning.pairs.balance import greedy_balance
from safe_reasoning.pairs.demonstration import Counts, Kind
from safe_reasoning.pairs.material import Built, Judged, Material
from safe_reasoning.pairs.own_rollouts import benign_rows, by_prompt, passes
from safe_reasoning.sampling.chat_template import prompt_ids
from safe_reasoning.sampling.engine import Request


class Settings(KindSettings):
    """How the base is steered, and what is kept."""

    instruction: str | None = Field(
        None,
        min_length=1,
        description=(
            "stands before the request while sampling, and is not learned; by default one of the picked "
            "triggers is forced into the reasoning, and is"
        ),
    )
    after: Literal["first_sentence", "nothing"] = Field(
        "first_sentence", description="what of the model's own comes before a forced trigger"
    )
    samples: int = Field(1, ge=1, description="of each harmful prompt")
    part: Literal["zy", "y"] = Field("zy", description="what must be safe: reasoning and response, or it")
    keep: int | None = Field(
        None, ge=1, description="so many harmful rows, the sources and categories balanced; by default all"
    )
    benign: bool = Field(True, description="whether own answers to benign prompts are rows too")


def _rows(settings: Settings, counts: Counts) -> int:
    harmful = counts.harmful * settings.samples
    return min(harmful, settings.keep or harmful) + settings.benign * counts.benign


KIND = Kind(
    settings=Settings,
    needs=lambda settings: ("rollouts", "triggers") if settings.instruction is None else ("rollouts",),
    empty="sample more of each prompt (samples), or steer in other words",
    rows=_rows,
    samples=lambda settings, counts: counts.harmful * settings.samples,
    teacher=lambda settings: settings.instruction is not None,
)


def build(material: Material) -> Built:
    """Rows of the kept completions, then benign ones.

    Counts: `attempts` and `accepted` of them, and the same of the base's own rollouts without
    steering (`plain_...`), for `tilted_acceptance`.
    """
    settings: Settings = material.settings
    found = material.sample(_requests(material), "steered")
    kept = [judged for judged in found if judged.is_whole and passes(judged, settings.part)]
    counts = {"attempts": len(found), "accepted": len(kept), **_plainly(material, settings.part)}
    if settings.keep is not None:
        cells = [_cell(material, judged) for judged in kept]
        kept = [kept[number] for number in greedy_balance(cells, settings.keep)]
    rows = [material.whole(judged) for judged in kept]
    return Built(rows + (benign_rows(material) if settings.benign else []), counts)


def _requests(material: Material) -> list[Request]:
    settings: Settings = material.settings
    requests, rollouts = [], by_prompt(material)
    for prompt in material.of_label("harmful"):
        prompt_id = prompt["prompt_id"]
        ids = (
            material.ids(prompt_id)
            if settings.instruction is None
            else prompt_ids(material.tokenizer, f"{settings.instruction}\n\n{prompt['text']}")
        )
        for number in range(settings.samples):
            own = rollouts[prompt_id][number % len(rollouts[prompt_id])]
            given = _opening(material, own, number) if settings.instruction is None else []
            name = f"steered/{prompt_id}/{number}"
            requests.append(
                Request(name, prompt_id, prompt["prompt_set"], number, derive_seed(name), ids, given)
            )
    return requests


def _opening(material: Material, judged: Judged, number: int) -> list[int]:
    """One of the picked triggers, where asked for after the first sentence of a rollout.

    Prompts and samples go round the triggers, samples round the rollouts.
    """
    turn = derive_seed("opening", judged.row["prompt_id"]) + number
    text = material.triggers[turn % len(material.triggers)]["text"]
    ids, own = list(judged.row["token_ids"]), split_trace(judged.row["text"])
    sentences = split_sentences(own.reasoning)
    if material.settings.after == "nothing" or not sentences:
        first: list[int] = material.tokenizer.encode(text, add_special_tokens=False)
        return first
    kept = ids[: whole_tokens(material.tokenizer, ids, own.start + sentences[0].text_end)]
    return [*kept, *continue_text(material.tokenizer, kept, f" {text}")]


def _plainly(material: Material, part: Literal["zy", "y"]) -> dict[str, int]:
    rollouts: Sequence[Judged] = [
        judged
        for prompt_id, of_prompt in by_prompt(material).items()
        if material.label(prompt_id) == "harmful"
        for judged in of_prompt
    ]
    accepted = sum(judged.is_whole and passes(judged, part) for judged in rollouts)
    return {"plain_attempts": len(rollouts), "plain_accepted": accepted}


def _cell(material: Material, judged: Judged) -> tuple[str, str]:
    prompt: dict[str, Any] = material.prompts[judged.row["prompt_id"]]
    return prompt["prompt_set"], prompt["category"]


def tilted_acceptance(plain: float, omega: float) -> float:
    """Acceptance after a steering that multiplies the odds of a safe completion by omega.

    The filtered samples have the same distribution before and after (ThinkSafe, appendix).
    """
    return omega * plain / (1 + (omega - 1) * plain)
