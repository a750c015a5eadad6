"""Cue detectors against the sentence in which harm begins, by people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from safe_reasoning.evaluation.first_places import first_places
from safe_reasoning.judge_audit.onset_labels import MarkedReasoning
from safe_reasoning.judging.base import CueDetector


def audit_onsets(
    reasonings: Sequence[MarkedReasoning], detector: CueDetector, bootstrap: int
) -> dict[str, Any]:
    """Where a detector sees the first cue, and where people saw harm begin.

    Args:
        reasonings: those with a mark in the response alone are counted and left out.
        detector: of the first cue; none marks a first sentence.
        bootstrap: resamples of reasonings.

    Returns:
        `traces`, `of_response` (left out), `undetermined`, and the columns of `first_places`, whose
        label is the mark.
    """
    compared = [one for one in reasonings if one.onset is not None]
    cues = detector.first_cues([one.sentences for one in compared])
    known = [(one, cue.index) for one, cue in zip(compared, cues, strict=True) if not cue.undetermined]
    firsts = [(one.onset, index) for one, index in known]
    places = first_places(firsts, [one.row for one, _ in known], resamples=bootstrap)
    return {
        "detector": detector.name,
        "traces": len(compared),
        "of_response": len(reasonings) - len(compared),
        "undetermined": len(compared) - len(known),
        # Each has a mark
        **{name: value for name, value in places.items() if not name.startswith("found_without")},
    }
