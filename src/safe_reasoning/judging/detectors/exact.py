"""The nano world's exact cue detector: it knows every cue sentence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from safe_reasoning.judging.base import FirstCue, Kind, all_cues, first_cue
from safe_reasoning.judging.judges.exact import CUES

if TYPE_CHECKING:
    from safe_reasoning.config import Config

KIND = Kind(every_cue=True, rules_version=2, nano_only=True)


class ExactCueDetector:
    """Finds the nano world's cue sentences by identity."""

    name = "exact"
    rules_version = KIND.rules_version

    def first_cues(self, reasonings: Sequence[Sequence[str]]) -> list[FirstCue]:
        """The first cue of each reasoning."""
        return [first_cue(sentences, CUES.__contains__) for sentences in reasonings]

    def every_cue(self, reasonings: Sequence[Sequence[str]]) -> list[list[int] | None]:
        """Every cue of each reasoning."""
        return [all_cues(sentences, CUES.__contains__) for sentences in reasonings]


def open_detector(name: str, settings: None, config: Config) -> ExactCueDetector:
    """The exact detector, which has no settings."""
    return ExactCueDetector()
