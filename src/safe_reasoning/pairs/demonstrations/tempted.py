"""Own safe traces with a temptation put in and turned back at once; own answers with a hesitation.

AdvChain (arXiv 2509.24269): a temptation-correction step in safe traces, a hesitation-correction
step in benign ones; there a strong model writes them, here a cue that the base itself wrote and a
picked trigger, and a trigger and a sentence that allows the request. Theirs learns all of it; with
`loss_on: corrected` the temptation bears no loss.
"""

from __future__ import annotations

import random
from typing import Any, Literal

from pydantic import Field

from safe_reasoning.config.demonstrations import KindSettings
from safe_reasoning.core.schemas import IGNORED
from safe_reasoning.core.seeds import derive_seed
from safe_reasoning.core.sentences import split_sentences
from safe_reasoning.core.trace import split_trace
from safe_reasoning.pairs.demonstration import Kind
from safe_reasoning.pairs.insertion import insert
from safe_reasoning.pairs.material import Built, Judged, Material
from safe_reasoning.pairs.own_rollouts import one_each
from safe_reasoning.pairs.wording import wording_of


class Settings(KindSettings):
    """What is learned of the step that is put in."""

    loss_on: Literal["all", "corrected"] = Field(
        "all", description="the whole trace, or all of it but the temptation (or hesitation)"
    )


KIND = Kind(
    settings=Settings,
    needs=lambda settings: ("rollouts", "pairs", "triggers"),
    empty="sample more rollouts (characterize.rollouts), so that some are safe",
    rows=lambda settings, counts: counts.harmful + counts.benign,
)


def build(material: Material) -> Built:
    """One row a prompt with a safe rollout, or with one that complies."""
    cues = sorted({pair["cue"] for pair in material.pairs})
    own_cues = {pair["prompt_id"]: pair["cue"] for pair in reversed(material.pairs)}
    rows, counts = [], {"harmful": 0, "benign": 0}
    for label in counts:
        for prompt_id, judged in one_each(material, label, "zy").items():
            rng = random.Random(derive_seed("temptation", prompt_id, material.config.world_seed))
            trigger = rng.choice(material.triggers)["text"]
            if label == "benign":
                step = (trigger, wording_of(material.prompts[prompt_id]).allowed(rng))
            elif cues:
                step = (own_cues.get(prompt_id) or rng.choice(cues), trigger)
            else:
                continue
            rows.append(_tempted(material, judged, step, rng))
            counts[label] += 1
    return Built(rows, counts)


def _tempted(material: Material, judged: Judged, step: tuple[str, str], rng: random.Random) -> dict[str, Any]:
    """The row of a trace with two sentences put in after a random sentence of its reasoning."""
    trace = split_trace(judged.row["text"])
    place = trace.start + rng.choice(split_sentences(trace.reasoning)).text_end
    first = insert(material.tokenizer, judged.row["token_ids"], place, " " + step[0])
    both = insert(material.tokenizer, first.token_ids, place + len(step[0]) + 1, " " + step[1])
    ids = [*both.token_ids, material.tokenizer.eos_token_id]
    labels = None
    if material.settings.loss_on == "corrected":
        labels = [IGNORED if first.start <= n < first.end else token for n, token in enumerate(ids)]
    return material.demonstration(judged.row["prompt_id"], ids, label_ids=labels)
