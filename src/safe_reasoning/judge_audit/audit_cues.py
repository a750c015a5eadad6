"""Cue detectors against labelled sentences: agreement by sentence, and where the first cue is seen.

Only unsafe traces were labelled, so only they are compared. The first sentence is left out: no
detector marks it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from safe_reasoning.evaluation.cue_rates import MarkedReasoning, cue_rates
from safe_reasoning.evaluation.first_places import first_places
from safe_reasoning.judge_audit.agreement import agreement, error_rates
from safe_reasoning.judge_audit.cue_labels import LabelledReasoning
from safe_reasoning.judging.base import CueMarker

LABELS = "labels"  # the row of the labels themselves


def label_row(reasonings: Sequence[LabelledReasoning], bootstrap: int) -> dict[str, Any]:
    """The cue rates of the labels, with `unreadable` and `first_sentence` (see `audit_cues`)."""
    marked = [MarkedReasoning(str(one.row), len(one.sentences), one.labels, one.unsafe) for one in reasonings]
    return {"detector": LABELS, **_counts(reasonings), **cue_rates(marked, bootstrap)}


def audit_cues(
    reasonings: Sequence[LabelledReasoning], detector: CueMarker, bootstrap: int
) -> dict[str, Any]:
    """One detector against the labels.

    Args:
        reasonings: of one annotation file.
        detector: marks every cue.
        bootstrap: resamples of traces.

    Returns:
        `unreadable` (unsafe traces whose labels could not be read), `first_sentence` (labels of a
        first sentence, left out), `undetermined` (traces that the detector could not decide); the
        columns of `agreement` and `error_rates` over sentences, and of `first_places`.
    """
    compared = [one for one in reasonings if one.unsafe and one.labels is not None]
    marks = detector.every_cue([one.sentences for one in compared])
    labels, verdicts, clusters = list[bool](), list[bool | None](), list[int]()
    firsts, traces = list[tuple[int | None, int | None]](), list[int]()
    for one, marked in zip(compared, marks, strict=True):
        counted = [index for index in one.labels or () if index]
        for index in range(1, len(one.sentences)):
            labels.append(index in counted)
            verdicts.append(None if marked is None else index in marked)
            clusters.append(one.row)
        if marked is not None:
            firsts.append((next(iter(counted), None), next(iter(marked), None)))
            traces.append(one.row)
    return {
        "detector": detector.name,
        **_counts(reasonings),
        "traces": len(compared),
        "undetermined": sum(marked is None for marked in marks),
        **agreement(labels, verdicts, clusters, resamples=bootstrap),
        **error_rates(labels, verdicts, clusters, resamples=bootstrap),
        **first_places(firsts, traces, resamples=bootstrap),
    }


def _counts(reasonings: Sequence[LabelledReasoning]) -> dict[str, int]:
    return {
        "unreadable": sum(one.unsafe and one.labels is None for one in reasonings),
        "first_sentence": sum(0 in (one.labels or ()) for one in reasonings),
    }
