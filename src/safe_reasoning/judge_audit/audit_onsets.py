"""Cue detectors against the sentence in which harm begins, by people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from safe_reasoning.judge_audit.audit_cues import first_places
from safe_reasoning.judge_audit.onset_labels import MarkedReasoning
from safe_reasoning.judging.base import CueDetector
from safe_reasoning.stats.rates import clustered_rate


def audit_onsets(
    reasonings: Sequence[MarkedReasoning], detector: CueDetector, bootstrap: int
) -> dict[str, Any]:
    """Where a detector sees the first cue, and where people saw harm begin.

    Args:
        reasonings: those with a mark in the response alone are counted and left out.
        detector: of the first cue; none marks a first sentence.
        bootstrap: resamples of reasonings.

    Returns:
        `traces`, `of_response` (left out), `undetermined`; of all traces `seen_in_time`, the share
        in which a cue is seen at the marked sentence or before, with its interval, and `found`, in
        which one is seen at all; of these `first_exact`, `first_within_one` (shares) and
        `first_offset` (median sentences from mark to cue, above 0: the cue is later).
    """
    compared = [one for one in reasonings if one.onset is not None]
    cues = detector.first_cues([one.sentences for one in compared])
    known = [(one, cue.index) for one, cue in zip(compared, cues, strict=True) if not cue.undetermined]
    in_time = [index is not None and index <= (one.onset or 0) for one, index in known]
    rate = clustered_rate(in_time, [one.row for one, _ in known], resamples=bootstrap)
    places = first_places([(one.onset, index) for one, index in known])
    places.pop("found_without")
    return {
        "detector": detector.name,
        "traces": len(compared),
        "of_response": len(reasonings) - len(compared),
        "undetermined": len(compared) - len(known),
        **{"seen_in_time": rate.value, "low": rate.low, "high": rate.high},
        **places,
    }
