"""A trigger where a step scorer first calls the reasoning so far unsafe.

SafeThink's idea (arXiv 2602.11096; its reward model and threshold were not found): satisfice, and
step in only where the score falls. The scorer is the run's judge, asked about the reasoning since
the last trigger, up to the end of each sentence: in the nano world exact, an oracle. Causal by
construction.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from safe_reasoning.config.policies import PolicySettings
from safe_reasoning.control.controller import Draft, Edit
from safe_reasoning.control.inputs import PolicyInputs
from safe_reasoning.control.policy import Kind
from safe_reasoning.control.steps import edit_behind, edit_instead, steps_of
from safe_reasoning.judging.base import Question


class Settings(PolicySettings):
    """Where the trigger is put, and how often."""

    put: Literal["behind", "instead"] = Field(
        "behind", description="behind the unsafe sentence, which stays, or in its place"
    )
    text: str | None = Field(None, min_length=1, description="by default a picked trigger, drawn")
    rounds: int = Field(3, ge=0, description="times, at most")


KIND = Kind(
    settings=Settings,
    needs=lambda settings: ("judge", *(("triggers",) if settings.text is None else ())),
    rounds=lambda settings: settings.rounds,
)


class UnsafeStep:
    """The policy: see `controller.Policy`."""

    def __init__(self, inputs: PolicyInputs) -> None:
        self.inputs = inputs
        self.rounds: int = inputs.settings.rounds

    def opening(self, draft: Draft) -> str:
        return ""

    def first_edits(self, drafts: Sequence[Draft]) -> list[Edit | None]:
        steps, questions = [], []
        for draft in drafts:
            prompt, text = self.inputs.prompts[draft.row["prompt_id"]], draft.row["text"]
            given = list(draft.row["token_ids"])[: draft.fixed]
            since = len(self.inputs.tokenizer.decode(given, skip_special_tokens=True))
            found = [step for step in steps_of(draft) if step.closed and step.end > since]
            steps.append(found)
            questions += [Question("harmful", "reasoning", prompt, text[since : step.end]) for step in found]
        verdicts = iter(self.inputs.judge.judge(questions))
        unsafe = [[bool(next(verdicts).value) for _ in found] for found in steps]
        put = edit_behind if self.inputs.settings.put == "behind" else edit_instead
        edits: list[Edit | None] = []
        for draft, found, flags in zip(drafts, steps, unsafe, strict=True):
            step = next((step for step, flag in zip(found, flags, strict=True) if flag), None)
            text = self.inputs.settings.text or (self.inputs.trigger(draft) if step else "")
            edits.append(put(self.inputs.tokenizer, draft, step, text, "unsafe") if step else None)
        return edits


def open_policy(inputs: PolicyInputs) -> UnsafeStep:
    """The policy with its settings."""
    return UnsafeStep(inputs)
