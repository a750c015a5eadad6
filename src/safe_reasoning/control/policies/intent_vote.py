"""Structured intent with a vote over several analyses: ARMOR's test-time part, in our reading.

ARMOR (arXiv 2507.11500) has a model name the strategy around a request, what is wanted without it,
and what a policy says of that, and scales at test time; its rule, its policy's text and its
strategies were not found. Here: several reasonings are sampled, each is read up to its verdict on
the policy, and the first of those with the majority's verdict is kept and goes on. On a model that
was trained on the form (demonstrations `structured`, form `armor`) the form is its own; on any
other the beginnings of its sentences are put there (`fields`), each behind the sentence that
completes the last.

Causal: a beginning is put behind the first sentence that ended, and the vote reads a reasoning only
up to its verdict.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from pydantic import Field, field_validator

from safe_reasoning.config.policies import PolicySettings
from safe_reasoning.control.controller import Draft, Edit, OnePath, Row
from safe_reasoning.control.inputs import PolicyInputs
from safe_reasoning.control.policy import Kind
from safe_reasoning.control.steps import Step, edit_behind, steps_of
from safe_reasoning.core.trace import CLOSE_TAG

RESTRICTED, FREE = "restricted", "free"


class Settings(PolicySettings):
    """The vote, and the form that is put into reasonings that do not have it."""

    analyses: int = Field(5, ge=1, description="reasonings that vote; odd")
    restricted: str = Field("it is restricted", min_length=1, description="words of a verdict against it")
    free: str = Field("it is free", min_length=1, description="words of a verdict for it; read after those")
    fields: list[str] = Field(
        [], description="beginnings of the sentences of the analysis, for a model without the form"
    )
    stop: bool = Field(False, description="the reasoning is closed behind a verdict against the request")

    @field_validator("analyses")
    @classmethod
    def _odd(cls, analyses: int) -> int:
        if analyses % 2 == 0:
            raise ValueError("an even number of votes can be tied: give an odd number")
        return analyses


def _rounds(settings: Settings) -> int:
    return max(0, len(settings.fields) - 1) + settings.stop


KIND = Kind(
    settings=Settings,
    needs=lambda settings: (),
    rounds=_rounds,
    paths=lambda settings: settings.analyses,
)


class IntentVote(OnePath):
    """The policy: see `paths.Voting`."""

    def __init__(self, inputs: PolicyInputs) -> None:
        self.inputs = inputs
        self.settings: Settings = inputs.settings
        self.rounds: int = _rounds(inputs.settings)
        self.paths: int = inputs.settings.analyses

    def opening(self, draft: Draft) -> str:
        return self.settings.fields[0] if self.settings.fields else ""

    def first_edits(self, drafts: Sequence[Draft]) -> list[Edit | None]:
        return [self._edit(draft) for draft in drafts]

    def vote(self, rows: Sequence[Row]) -> tuple[int, str]:
        verdicts = [self._verdict(steps_of(Draft(row))) for row in rows]
        cast = Counter(verdict for verdict, _ in verdicts if verdict)
        if not cast:
            return 0, "no verdict"
        # Where abstentions leave a tie, the careful verdict counts
        won = max((RESTRICTED, FREE), key=lambda verdict: cast[verdict])
        place = next(n for n, (verdict, _) in enumerate(verdicts) if verdict == won)
        return place, f"{cast[won]} of {len(rows)} {won}"

    def _verdict(self, steps: Sequence[Step]) -> tuple[str, Step | None]:
        """The first sentence that gives one, and which; "" for none."""
        for step in steps:
            said = step.text.lower()
            for verdict, words in ((RESTRICTED, self.settings.restricted), (FREE, self.settings.free)):
                if step.closed and words.lower() in said:
                    return verdict, step
        return "", None

    def _edit(self, draft: Draft) -> Edit | None:
        put = len(draft.edits)
        if put < len(self.settings.fields):
            steps = [step for step in steps_of(draft) if step.closed]
            if len(steps) < put:
                return None
            text = self.settings.fields[put]
            return edit_behind(self.inputs.tokenizer, draft, steps[put - 1], text, f"field {put + 1}")
        verdict, step = self._verdict(steps_of(draft))
        if not self.settings.stop or verdict != RESTRICTED or step is None:
            return None
        return edit_behind(self.inputs.tokenizer, draft, step, f"\n{CLOSE_TAG}\n", "restricted")


def open_policy(inputs: PolicyInputs) -> IntentVote:
    """The policy with its settings."""
    return IntentVote(inputs)
