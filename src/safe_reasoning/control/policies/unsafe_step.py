"""A step is corrected where a step scorer first calls the reasoning unsafe.

SafeThink's idea (arXiv 2602.11096; its reward model and threshold were not found): satisfice, and
put a trigger there. Step search as AURA's (its thresholds and candidates were not found): take the
step back, sample several continuations, keep the safest; with `coherence`, of several that all stay
safe the one of the greatest sum of both. The scorer is the run's judge, asked about the reasoning
since the last edit, up to the end of each sentence: in the nano world exact, an oracle. Or it is
learned (`control.step_scorer`), and asks no judge. Causal by construction.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Self

from pydantic import Field, model_validator

from safe_reasoning.config.policies import PolicySettings
from safe_reasoning.config.section import later
from safe_reasoning.control.controller import Draft, Edit, OnePath
from safe_reasoning.control.inputs import PolicyInputs
from safe_reasoning.control.policy import Kind
from safe_reasoning.control.step_coherence import Coherence
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
    coherence: Literal["none", "exact", "likelihood"] = later(
        "none",
        "what tells continuations apart that all stay safe. exact: the share of their sentences that the "
        "nano world's corpus allows where they stand; likelihood: the geometric mean of their tokens' "
        "probabilities under the model itself; none: only the scorer's risk",
    )
    coherence_weight: float = later(
        1.0, "AURA's lambda: kept is the continuation of the most safety + lambda * coherence", ge=0
    )

    @model_validator(mode="after")
    def _chooses(self) -> Self:
        if self.coherence != "none" and self.candidates == 1:
            raise ValueError("coherence chooses among several continuations: give candidates of 2 or more")
        return self


def _puts_trigger(settings: Settings) -> bool:
    return settings.text is None and settings.put != "nothing"


KIND = Kind(
    settings=Settings,
    needs=lambda settings: (
        "judge" if settings.scorer == "judge" else "scorer",
        *(("triggers",) if _puts_trigger(settings) else ()),
        *(("weights",) if settings.coherence == "likelihood" else ()),
    ),
    nano_only=lambda settings: settings.coherence == "exact",
    rounds=lambda settings: settings.rounds,
    candidates=lambda settings: settings.candidates,
)


class UnsafeStep(OnePath):
    """The policy: see `controller.Policy`."""

    def __init__(self, inputs: PolicyInputs) -> None:
        self.inputs = inputs
        self.rounds: int = inputs.settings.rounds
        self.candidates: int = inputs.settings.candidates
        self._coherence = None if inputs.settings.coherence == "none" else Coherence(inputs)

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
        settings = self.inputs.settings
        return safest(self.inputs, groups, self._coherence, settings.coherence_weight)


def open_policy(inputs: PolicyInputs) -> UnsafeStep:
    """The policy with its settings."""
    return UnsafeStep(inputs)
