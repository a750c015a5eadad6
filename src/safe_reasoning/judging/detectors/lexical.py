"""Cue detector by words and phrases."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from safe_reasoning.core.refusals import VERSION
from safe_reasoning.core.wording import plain
from safe_reasoning.judging.base import FirstCue, Kind, first_cue
from safe_reasoning.judging.judges.lexical import is_cue

if TYPE_CHECKING:
    from safe_reasoning.config import Config

KIND = Kind(rules_version=VERSION)


class LexicalCueDetector:
    """Finds the first sentence with words of willingness, an excuse, or a first step. "I will not
    explain" is none.
    """

    name = "lexical"
    rules_version = KIND.rules_version

    def first_cues(self, reasonings: Sequence[Sequence[str]]) -> list[FirstCue]:
        """The first cue of each reasoning."""
        return [first_cue(sentences, lambda sentence: is_cue(plain(sentence))) for sentences in reasonings]


def open_detector(name: str, settings: None, config: Config) -> LexicalCueDetector:
    """The lexical detector, which has no settings."""
    return LexicalCueDetector()
