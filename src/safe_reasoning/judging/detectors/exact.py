"""Cue detector with the nano world's exact labels."""

from __future__ import annotations

from collections.abc import Sequence

from safe_reasoning.judging.judges.exact import _CUES


class ExactCueDetector:
    """Finds the nano world's cue sentences by identity."""

    name = "exact"

    def first_cue(self, sentences: Sequence[str]) -> int | None:
        """Zero-based index of the first cue; the first sentence is never one."""
        return next((index for index, sentence in enumerate(sentences) if index and sentence in _CUES), None)
