"""A reminder of safety behind a sentence: where the model is sure of itself, or at a set place.

SafeRemind (arXiv 2601.03662; suhyeon0123/SafeRemind@078a21e8): at a line break that the model drew
from a distribution of low entropy, a reminder is put, once. Here a sentence stands for the line, as
the reasonings of small models have none, and a picked trigger for the reminder. Controls: `above`,
`first` (every threshold passes), `random`. `at` puts it behind the n-th sentence: harm against the
place of the insertion.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import cached_property
from typing import Any, Literal

from pydantic import Field

from safe_reasoning.config.policies import PolicySettings
from safe_reasoning.config.section import Share
from safe_reasoning.control.controller import Draft, Edit, OnePath
from safe_reasoning.control.inputs import PolicyInputs
from safe_reasoning.control.policy import Kind
from safe_reasoning.control.steps import edit_behind, last_token, steps_of


class Settings(PolicySettings):
    """Where the reminder is put, how often, and what it is."""

    when: Literal["below", "above", "first", "random", "at"] = Field(
        "below",
        description=(
            "below, above: the entropy of the token that ends the sentence, against `threshold`; first: "
            "the first sentence; random: each with the same chance; at: the sentence `sentence`"
        ),
    )
    threshold: float = Field(0.5, ge=0, description="in nats")
    chance: Share = Field(0.25, description="random: of each sentence")
    sentence: int = Field(1, ge=1, description="at: behind so many sentences")
    text: str | None = Field(None, min_length=1, description="by default a picked trigger, drawn")
    rounds: int = Field(1, ge=0, description="reminders, at most")


def _needs(settings: Settings) -> tuple[Any, ...]:
    trigger = ("triggers",) if settings.text is None else ()
    return (*trigger, *(("weights",) if settings.when in ("below", "above") else ()))


KIND = Kind(settings=Settings, needs=_needs, rounds=lambda settings: settings.rounds)


class Reminder(OnePath):
    """The policy: see `controller.Policy`."""

    def __init__(self, inputs: PolicyInputs) -> None:
        self.inputs = inputs
        self.rounds: int = inputs.settings.rounds

    @cached_property
    def _model(self) -> Any:
        from safe_reasoning.evaluation.kl import load_weights

        return load_weights(self.inputs.model_dir)

    def first_edits(self, drafts: Sequence[Draft]) -> list[Edit | None]:
        return [self._edit(draft) for draft in drafts]

    def _edit(self, draft: Draft) -> Edit | None:
        settings, tokenizer = self.inputs.settings, self.inputs.tokenizer
        sure = self._entropies(draft) if settings.when in ("below", "above") else None
        for number, step in enumerate(steps_of(draft), start=1):
            if not step.closed:
                break
            end = last_token(tokenizer, draft, step)
            if end < draft.fixed:  # read before, or inserted
                continue
            entropy = None if sure is None else float(sure[end])
            if not self._fires(draft, number, entropy):
                continue
            text = settings.text or self.inputs.trigger(draft)
            reason = settings.when if entropy is None else f"entropy {entropy:.2f}"
            edit = edit_behind(tokenizer, draft, step, text, reason)
            if edit is not None:
                return edit
        return None

    def _fires(self, draft: Draft, number: int, entropy: float | None) -> bool:
        settings: Settings = self.inputs.settings
        if entropy is not None:
            return entropy < settings.threshold if settings.when == "below" else entropy > settings.threshold
        if settings.when == "random":
            return random.Random(draft.seed(f"random {number}")).random() < settings.chance
        return number == (settings.sentence if settings.when == "at" else 1)

    def _entropies(self, draft: Draft) -> Any:
        from safe_reasoning.evaluation.entropy import reasoning_entropies

        return reasoning_entropies(self._model, draft.row["prompt_token_ids"], draft.row["token_ids"])


def open_policy(inputs: PolicyInputs) -> Reminder:
    """The policy with its settings."""
    return Reminder(inputs)
