"""A step is corrected where a step scorer first calls the reasoning unsafe.

SafeThink's idea (arXiv 2602.11096; its reward model and threshold were not found): satisfice, and
put a trigger there. Step search as AURA's (its thresholds and candidates were not found): take the
step back, sample several continuations, keep the safest. The scorer is the run's judge, asked about
the reasoning since the last edit, up to the end of each sentence: in the nano world exact, an
oracle. Or it is learned (`control.step_scorer`), and asks no judge. Causal by construction.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from safe_reasoning.config.policies import PolicySettings
from safe_reasoning.control.controller import Draft, Edit, OnePath
from safe_reasoning.control.inputs import PolicyInputs
from safe_reasoning.control.policy import Kind
from safe_reasoning.control.step_safety import safest, unsafe_steps
from safe_reasoning.control.steps import edit_behind, edit_instead


class Settings(PolicySettings):
    """What finds an unsafe step, what is done about it, and how often."""

    scorer: Literal["judge", "learned"] = Field(
        "judge",
        description="judge: the run's; learned: a regression on the base's hidden states, fitted in the "
        "run on alignment prompts",
    )
    put: Literal["behind", "instead", "nothing"] = Field(
        "behind",
        description="a trigger behind the unsafe sentence, which stays, or in its place; nothing: it is "
        "only sampled again",
    )
    text: str | None = Field(None, min_length=1, description="by default a picked trigger, drawn")
    rounds: int = Field(3, ge=0, description="times, at most")
    candidates: int = Field(1, ge=1, description="continuations, of which the safest is kept")


def _puts_trigger(settings: Settings) -> bool:
    return settings.text is None and settings.put != "nothing"


KIND = Kind(
    settings=Settings,
    needs=lambda settings: (
        "judge" if settings.scorer == "judge" else "scorer",
        *(("triggers",) if _puts_trigger(settings) else ()),
    ),
    rounds=lambda settings: settings.rounds,
    candidates=lambda settings: settings.candidates,
)


class UnsafeStep(OnePath):
    """The policy: see `controller.Policy`."""

    def __init__(self, inputs: PolicyInputs) -> None:
        self.inputs = inputs
        self.rounds: int = inputs.settings.rounds
        self.candidates: int = inputs.settings.candidates

    def first_edits(self, drafts: Sequence[Draft]) -> list[Edit | None]:
        settings, edits = self.inputs.settings, list[Edit | None]()
        put = edit_behind if settings.put == "behind" else edit_instead
        for draft, found in zip(drafts, unsafe_steps(self.inputs, drafts), strict=True):
            if found.place is None:
                edits.append(None)
                continue
            text = self.inputs.trigger(draft) if _puts_trigger(settings) else settings.text or ""
            text = "" if settings.put == "nothing" else text
            edits.append(put(self.inputs.tokenizer, draft, found.steps[found.place], text, "unsafe"))
        return edits

    def best(self, groups: Sequence[Sequence[Draft]]) -> list[int]:
        return safest(self.inputs, groups)


def open_policy(inputs: PolicyInputs) -> UnsafeStep:
    """The policy with its settings."""
    return UnsafeStep(inputs)
