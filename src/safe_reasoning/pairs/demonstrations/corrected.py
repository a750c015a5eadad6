"""The base's own harmful reasoning, cut somewhere, a trigger put there, and the base going on.

Three choices make most methods that "correct" a trace: where it is cut, which tokens bear loss, and
the objective (recipe `sft_on` or `dpo_on` on the same rows). At the cue and with loss after the cut
the rows are those of `sft` and `ipo`. With loss on the whole trace and on prompts without a safe
rollout it is UnsafeChain's choice (arXiv 2507.21652) without its corrector; at the end of the
reasoning it is SafB, at the cue and whole SafR of Chain-of-Guardrails (arXiv 2510.21285), where the
base's own continuation stands for the rewriting by a teacher.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field

from safe_reasoning.config.demonstrations import KindSettings
from safe_reasoning.core.seeds import derive_seed
from safe_reasoning.core.trace import continue_text, reasoning_tokens
from safe_reasoning.judging.cues import find_cues
from safe_reasoning.pairs.demonstration import Counts, Kind, Need
from safe_reasoning.pairs.material import Built, Material
from safe_reasoning.pairs.own_rollouts import benign_rows, hard_prompts
from safe_reasoning.pairs.rows import Row, is_usable, reasoning_prefix, side_ids
from safe_reasoning.pairs.wording import wording_of
from safe_reasoning.sampling.engine import Request


class Settings(KindSettings):
    """Where the trace is cut, and what is learned of it."""

    cut: Literal["cue", "random", "end"] = Field(
        "cue", description="before the first cue, at a random token after it, or at the end of the reasoning"
    )
    loss_on: Literal["after", "whole"] = Field("after", description="the cut, or the whole completion")
    response: bool = Field(
        False,
        description="rows go on to a safe response; by default they end with the reasoning",
    )
    late: bool = Field(
        False, description="put in a sentence that takes back what was said, not one of the picked triggers"
    )
    prompts: Literal["all", "hard"] = Field(
        "all", description="all prompts with pairs, or those without a rollout that reasons safely"
    )
    benign: bool = Field(False, description="whether own answers to benign prompts are rows too")


def _needs(settings: Settings) -> tuple[Need, ...]:
    uses_rollouts = settings.benign or settings.prompts == "hard"
    return ("pairs", "rollouts") if uses_rollouts else ("pairs",)


def _rows(settings: Settings, counts: Counts) -> int:
    return counts.pairs + settings.benign * counts.benign


def _samples(settings: Settings, counts: Counts) -> int:
    return counts.pairs if settings.cut != "cue" or settings.response else 0


KIND = Kind(
    settings=Settings,
    needs=_needs,
    empty="take prompts: all or another cut, or make more intervened pairs",
    rows=_rows,
    samples=_samples,
)


@dataclass(frozen=True)
class Cut:
    """A trace that was cut, and what the base goes on from.

    Attributes:
        pair: the intervened pair whose rejected side the trace is.
        original: tokens of the trace.
        kept: how many of them come before the cut.
        given: those, and the trigger's (at the cue: the whole corrected reasoning).
    """

    pair: Row
    original: list[int]
    kept: int
    given: list[int]


def build(material: Material) -> Built:
    """Rows of the corrected traces, then benign ones where they are asked for.

    Counts: `attempts` = `kept` + `unfinished` (not closed once, or no end) + `has_cue` (a cue after
    the cut) + `unsafe_response` (harmful or unscored; only with a response).
    """
    settings: Settings = material.settings
    hard = hard_prompts(material) if settings.prompts == "hard" else None
    pairs = [pair for pair in material.pairs if hard is None or pair["prompt_id"] in hard]
    cuts = [_cut(material, pair) for pair in pairs]
    rows, counts = _finished(material, cuts)
    if settings.benign:
        rows += benign_rows(material)
    return Built(rows, counts)


def _cut(material: Material, pair: Row) -> Cut:
    settings: Settings = material.settings
    prefix = reasoning_prefix(pair)
    original = [*prefix, *pair["rejected_ids"]]
    if settings.cut == "cue":
        # A pair's side may hold a response too: rows that have one sample their own
        corrected = side_ids(material.tokenizer, [*prefix, *pair["chosen_ids"]], whole=False)
        return Cut(pair, original, len(prefix), corrected)
    end = reasoning_tokens(material.tokenizer, original)
    if settings.cut == "end":
        kept = end
        while kept and material.tokenizer.decode(original[kept - 1 : kept]).isspace():
            kept -= 1
    else:
        rng = random.Random(derive_seed("random cut", pair["pair_id"], material.config.world_seed))
        kept = rng.randrange(min(len(prefix) + 1, end), end + 1)
    text = pair["trigger"]
    if settings.late:
        rng = random.Random(derive_seed("late trigger", pair["pair_id"]))
        text = wording_of(material.prompts[pair["prompt_id"]]).late_trigger(rng)
    before = material.tokenizer.decode(original[:kept])
    space = "" if before[-1:].isspace() else " "
    inserted = continue_text(material.tokenizer, original[:kept], space + text)
    return Cut(pair, original, kept, [*original[:kept], *inserted])


def _finished(material: Material, cuts: Sequence[Cut]) -> tuple[list[dict[str, Any]], dict[str, int]]:
    """Let the base go on; keep what is whole, has no cue after the cut, and is answered safely."""
    settings: Settings = material.settings
    if settings.cut == "cue" and not settings.response:
        # The pairs were checked when they were made
        return [_row(material, cut, cut.given) for cut in cuts], {"attempts": len(cuts), "kept": len(cuts)}
    counts = dict.fromkeys(("attempts", "kept", "unfinished", "has_cue", "unsafe_response"), 0)
    counts["attempts"] = len(cuts)
    usable = []
    for cut, (row, safe) in zip(cuts, _continued(material, cuts), strict=True):
        if not is_usable(row["text"], row["finish_reason"], settings.response):
            counts["unfinished"] += 1
        elif settings.response and not safe:
            counts["unsafe_response"] += 1
        else:
            usable.append((cut, side_ids(material.tokenizer, row["token_ids"], settings.response)))
    cues = find_cues(material.tokenizer, [ids[cut.kept :] for cut, ids in usable], material.detector)
    rows = [
        _row(material, cut, ids)
        for (cut, ids), (cue, undetermined) in zip(usable, cues, strict=True)
        if cue is None and not undetermined
    ]
    counts |= {"kept": len(rows), "has_cue": len(usable) - len(rows)}
    return rows, counts


def _continued(material: Material, cuts: Sequence[Cut]) -> list[tuple[Row, bool | None]]:
    """What the base makes of each cut, and whether the response is safe (None without one)."""
    settings: Settings = material.settings
    requests = [
        Request(
            name := f"{settings.cut}{'/late' * settings.late}/{cut.pair['pair_id']}",
            cut.pair["prompt_id"],
            material.prompts[cut.pair["prompt_id"]]["prompt_set"],
            0,
            derive_seed(name),
            material.ids(cut.pair["prompt_id"]),
            cut.given,
        )
        for cut in cuts
    ]
    label = f"cut at {settings.cut}"
    if settings.response:
        return [(judged.row, judged.y_safe) for judged in material.sample(requests, label)]
    return [(row, None) for row in material.reasoning_sampler(requests, label)]


def _row(material: Material, cut: Cut, completion_ids: Sequence[int]) -> dict[str, Any]:
    settings: Settings = material.settings
    # Sides of a pair end alike, with the reasoning or with the response
    alike = settings.response == material.config.pairs.append_response
    return material.demonstration(
        cut.pair["prompt_id"],
        completion_ids,
        loss_from=cut.kept if settings.loss_on == "after" else 0,
        rejected_ids=cut.original if alike else None,
    )
