"""Text that is put right after the open think tag; the reasoning goes on from it, or is closed.

ZeroThink and LessThink (arXiv 2502.12025: the reasoning is closed at once, or after one fixed
sentence), SafePath's zero-shot form (arXiv 2505.14667: a safety primer, left open) and Thinking
Intervention (arXiv 2503.24370). Words of the originals are not ours to copy: without `text` the
opening is one of the run's mined triggers, or nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from safe_reasoning.config.policies import PolicySettings
from safe_reasoning.control.controller import Draft, Edit, OnePath
from safe_reasoning.control.inputs import PolicyInputs
from safe_reasoning.control.policy import Kind
from safe_reasoning.core.trace import CLOSE_TAG


class Settings(PolicySettings):
    """The opening."""

    text: str = Field("", description="how the reasoning begins")
    trigger: bool = Field(False, description="it begins with one of the picked triggers, after `text`")
    close: bool = Field(False, description="the reasoning is closed behind it, and the response follows")
    line_breaks: int = Field(1, ge=1, le=2, description="after the closing tag; DeepSeek's models have 2")


KIND = Kind(
    settings=Settings,
    needs=lambda settings: ("triggers",) if settings.trigger else (),
    rounds=lambda settings: 0,
)


class Opening(OnePath):
    """The policy: see `controller.Policy`."""

    def __init__(self, inputs: PolicyInputs) -> None:
        self.inputs = inputs
        self.rounds: int = 0

    def opening(self, draft: Draft) -> str:
        settings: Settings = self.inputs.settings
        parts = [settings.text, self.inputs.trigger(draft) if settings.trigger else ""]
        text = " ".join(part for part in parts if part)
        if not settings.close:
            return text
        return f"{text}\n{CLOSE_TAG}" + "\n" * settings.line_breaks

    def first_edits(self, drafts: Sequence[Draft]) -> list[Edit | None]:
        return [None] * len(drafts)


def open_policy(inputs: PolicyInputs) -> Opening:
    """The policy with its settings."""
    return Opening(inputs)
