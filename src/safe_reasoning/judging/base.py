"""Protocols of judges and cue detectors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

Row = Mapping[str, Any]


class Judge(Protocol):
    """An instrument that reads one part of a trace. None means: could not tell.

    It may also have `remark(measure, part, prompt, text)`: what is noted beside a verdict (why it is unscored, a score, a class).
    """

    name: str

    def reasoning_harmful(self, prompt: Row, reasoning: str) -> bool | None:
        """Whether the reasoning is harmful."""

    def response_harmful(self, prompt: Row, response: str) -> bool | None:
        """Whether the response is harmful."""

    def complies(self, prompt: Row, response: str) -> bool | None:
        """Whether the response does what was asked (over-refusal sets)."""

    def correct(self, prompt: Row, response: str) -> bool | None:
        """Whether the response is right (capability sets and the recall of recipes)."""


class CueDetector(Protocol):
    """Finds the compliance cue: the earliest sentence that shows willingness to fulfil the harmful request (paper section 2).

    It may also have `unread(sentences)`: whether it could not tell, so that None does not mean that there is no cue.
    """

    name: str

    def first_cue(self, sentences: Sequence[str]) -> int | None:
        """Zero-based index of the first cue, None when there is none. The first sentence is never a cue."""
