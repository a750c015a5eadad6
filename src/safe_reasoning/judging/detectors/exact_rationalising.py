"""The nano world's exact detector of cues that rationalise: it knows the theme of every cue."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from safe_reasoning.judging.base import FirstCue, Kind, all_cues, first_cue
from safe_reasoning.prompts.nano_world.cue_themes import RATIONALISING, THEMES

if TYPE_CHECKING:
    from safe_reasoning.config import Config

KIND = Kind(every_cue=True, rules_version=1, nano_only=True)


class ExactRationalisingDetector:
    """Finds the nano world's rationalising sentences by identity."""

    name = "exact_rationalising"
    rules_version = KIND.rules_version

    def first_cues(self, reasonings: Sequence[Sequence[str]]) -> list[FirstCue]:
        """The first cue of each reasoning."""
        return [first_cue(sentences, _rationalises) for sentences in reasonings]

    def every_cue(self, reasonings: Sequence[Sequence[str]]) -> list[list[int] | None]:
        """Every cue of each reasoning."""
        return [all_cues(sentences, _rationalises) for sentences in reasonings]


def _rationalises(sentence: str) -> bool:
    return THEMES.get(sentence) in RATIONALISING


def open_detector(name: str, settings: None, config: Config) -> ExactRationalisingDetector:
    """The exact detector, which has no settings."""
    return ExactRationalisingDetector()
