"""MoreThink (arXiv 2502.12025): where the reasoning would end, a few words have it go on.

The closing tag is left out and the words are put in its place, up to a number of times and while
the reasoning is shorter than its budget. The original draws one of two short phrases.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from pydantic import Field

from safe_reasoning.config.policies import PolicySettings
from safe_reasoning.control.controller import Draft, Edit, OnePath, cut_before
from safe_reasoning.control.inputs import PolicyInputs
from safe_reasoning.control.policy import Kind
from safe_reasoning.core.trace import reasoning_tokens, split_trace


class Settings(PolicySettings):
    """The words, and how long the reasoning may become."""

    texts: list[str] = Field(["Wait,"], min_length=1, description="one of them is drawn each time")
    rounds: int = Field(10, ge=0, description="times, at most")
    budget: int | None = Field(None, ge=1, description="tokens of reasoning after which it may end")


KIND = Kind(settings=Settings, needs=lambda settings: (), rounds=lambda settings: settings.rounds)


class MoreThinking(OnePath):
    """The policy: see `controller.Policy`."""

    def __init__(self, inputs: PolicyInputs) -> None:
        self.inputs = inputs
        self.rounds: int = inputs.settings.rounds

    def first_edits(self, drafts: Sequence[Draft]) -> list[Edit | None]:
        return [self._edit(draft) for draft in drafts]

    def _edit(self, draft: Draft) -> Edit | None:
        settings: Settings = self.inputs.settings
        ids, tokenizer = list(draft.row["token_ids"]), self.inputs.tokenizer
        trace = split_trace(draft.row["text"])
        length = reasoning_tokens(tokenizer, ids)
        if trace.kind == "no_think_end" or length < draft.fixed:
            return None
        if settings.budget is not None and length >= settings.budget:
            return None
        end = trace.start + len(draft.row["text"][trace.start : trace.end].rstrip())
        text = " " + random.Random(draft.seed("more")).choice(settings.texts)
        edit = cut_before(tokenizer, ids, end, text, "end of reasoning")
        return edit if edit.keep >= draft.fixed else None


def open_policy(inputs: PolicyInputs) -> MoreThinking:
    """The policy with its settings."""
    return MoreThinking(inputs)
