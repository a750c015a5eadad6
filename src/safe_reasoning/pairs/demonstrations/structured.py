"""Safety reasoning written in a certain form; the response is the same whatever the form.

The forms that a study of safety data for reasoning models compares (arXiv 2505.15404: improved,
short, template, none; its default form is `kept_rollouts`), AltTrain's order (arXiv 2604.18946:
understand, assess in one sentence, then go on), the ex-ante fields of SAFER (arXiv 2504.02725),
ARMOR's steps (arXiv 2507.11500) and the titled steps that STAIR begins with (arXiv 2502.02384). No
teacher: our own sentences around the prompt's label. A harmful prompt is refused; on a benign one
the model's own reasoning goes on, and its response stays.
"""

from __future__ import annotations

import random
from typing import Any, Literal

from pydantic import Field

from safe_reasoning.config.demonstrations import KindSettings
from safe_reasoning.core.seeds import derive_seed
from safe_reasoning.core.sentences import split_sentences
from safe_reasoning.core.trace import split_trace
from safe_reasoning.pairs.demonstration import Kind
from safe_reasoning.pairs.forms import FORMS, sentences_of
from safe_reasoning.pairs.insertion import insert
from safe_reasoning.pairs.material import Built, Judged, Material
from safe_reasoning.pairs.own_rollouts import by_prompt, one_each
from safe_reasoning.pairs.wording import wording_of

FormName = Literal[
    "improved", "short", "template", "none", "assessed", "safer", "steps", "armor", "armor_no_strategy"
]


class Settings(KindSettings):
    """The form."""

    form: FormName = Field("assessed", description="what the reasoning looks like")


KIND = Kind(
    settings=Settings,
    needs=lambda settings: ("rollouts",),
    empty="give prompt sets of role align_harmful",
    rows=lambda settings, counts: counts.harmful + counts.benign,
)


def build(material: Material) -> Built:
    """One row a harmful prompt, and one a benign prompt with a rollout that complies."""
    rollouts = by_prompt(material)
    harmful = []
    for prompt in material.of_label("harmful"):
        prompt_id = prompt["prompt_id"]
        said = _said(material, prompt_id, harmful=True)
        if FORMS[material.settings.form].inserted:
            own = split_sentences(split_trace(rollouts[prompt_id][0].row["text"]).reasoning)
            said = [own[0].text, *said] if own else said
        rng = random.Random(derive_seed("refusal", prompt_id, material.config.world_seed))
        harmful.append(material.written(prompt_id, said, wording_of(prompt).refusal(rng)))
    benign = [_answered(material, judged) for judged in one_each(material, "benign", "y").values()]
    return Built(harmful + benign, {"harmful": len(harmful), "benign": len(benign)})


def _said(material: Material, prompt_id: str, *, harmful: bool) -> list[str]:
    form: str = material.settings.form
    rng = random.Random(derive_seed("form", form, prompt_id, material.config.world_seed))
    return sentences_of(form, wording_of(material.prompts[prompt_id]), harmful, rng)


def _answered(material: Material, judged: Judged) -> dict[str, Any]:
    """The row of a benign prompt: the form, then the model's own trace."""
    form, prompt_id = FORMS[material.settings.form], judged.row["prompt_id"]
    said = _said(material, prompt_id, harmful=False)
    trace = split_trace(judged.row["text"])
    first = split_sentences(trace.reasoning)[0]
    if form.inserted:
        place = trace.start + first.text_end
        ids = insert(material.tokenizer, judged.row["token_ids"], place, " " + " ".join(said)).token_ids
        return material.demonstration(prompt_id, [*ids, material.tokenizer.eos_token_id])
    rest = trace.reasoning[first.end :].strip() if form.goes_on else ""
    return material.written(prompt_id, [*said, rest] if rest else said, trace.response or "")
