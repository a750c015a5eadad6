"""IPO's intervention while decoding: the first compliance cue is taken back, a trigger put there.

Training with IPO is the amortised form of this (paper sections 2 and 3); the paper has no such
baseline. Controls: `neutral` puts a sentence there that says nothing of safety, `none` only samples
again (rejection of cues), `stop` closes the reasoning behind the trigger.

Causal for detectors that judge a sentence by itself or by those before it (exact, lexical,
embedding). One that reads the whole reasoning (few-shot) decides in hindsight
(docs/methods/decoding.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from safe_reasoning.characterize.intervention_curve import NEUTRAL
from safe_reasoning.config.policies import PolicySettings
from safe_reasoning.control.controller import Draft, Edit, OnePath, cut_before
from safe_reasoning.control.inputs import PolicyInputs
from safe_reasoning.control.policy import Kind
from safe_reasoning.core.trace import CLOSE_TAG
from safe_reasoning.judging.cues import find_cues


class Settings(PolicySettings):
    """What stands in a cue's place, and how often."""

    put: Literal["trigger", "neutral", "none", "stop"] = Field(
        "trigger",
        description=(
            "trigger: one of the picked ones, drawn; neutral: a sentence that says nothing of safety; "
            "none: nothing; stop: a trigger, then the reasoning is closed"
        ),
    )
    rounds: int = Field(3, ge=0, description="cues that are replaced, at most")


KIND = Kind(
    settings=Settings,
    needs=lambda settings: ("detector", *(("triggers",) if settings.put in ("trigger", "stop") else ())),
    rounds=lambda settings: settings.rounds,
)


class CueReplacement(OnePath):
    """The policy: see `controller.Policy`."""

    def __init__(self, inputs: PolicyInputs) -> None:
        self.inputs = inputs
        self.rounds: int = inputs.settings.rounds

    def first_edits(self, drafts: Sequence[Draft]) -> list[Edit | None]:
        tokenizer = self.inputs.tokenizer
        found = find_cues(tokenizer, [draft.row["token_ids"] for draft in drafts], self.inputs.detector)
        return [
            # A cue within what was inserted can't be taken back
            None
            if cue is None or cue.token < draft.fixed
            else cut_before(tokenizer, draft.row["token_ids"], cue.character, self._text(draft), "cue")
            for draft, (cue, _) in zip(drafts, found, strict=True)
        ]

    def _text(self, draft: Draft) -> str:
        put = self.inputs.settings.put
        if put in ("neutral", "none"):
            return NEUTRAL if put == "neutral" else ""
        trigger = self.inputs.trigger(draft)
        return trigger if put == "trigger" else f"{trigger}\n{CLOSE_TAG}\n"


def open_policy(inputs: PolicyInputs) -> CueReplacement:
    """The policy with its settings."""
    return CueReplacement(inputs)
