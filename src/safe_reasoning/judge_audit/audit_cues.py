"""Cue detectors against labelled sentences: agreement by sentence, and where the first cue is seen.

Only unsafe traces were labelled, so only they are compared. The first sentence is left out: no
detector marks it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from safe_reasoning.evaluation.cue_rates import MarkedReasoning, cue_rates
from safe_reasoning.judge_audit.agreement import agreement, error_rates
from safe_reasoning.judge_audit.cue_labels import LabelledReasoning
from safe_reasoning.judging.base import CueMarker
from safe_reasoning.stats.rates import NAN

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
        columns of `agreement` and `error_rates` over sentences; `found` and `found_without` (traces
        with and without a label in which the detector sees a cue, shares); over the traces with
        both `first_exact`, `first_within_one` (shares) and `first_offset` (median; above 0: later).
    """
    compared = [one for one in reasonings if one.unsafe and one.labels is not None]
    marks = detector.every_cue([one.sentences for one in compared])
    labels, verdicts, clusters = list[bool](), list[bool | None](), list[int]()
    firsts = list[tuple[int | None, int | None]]()
    for one, marked in zip(compared, marks, strict=True):
        counted = [index for index in one.labels or () if index]
        for index in range(1, len(one.sentences)):
            labels.append(index in counted)
            verdicts.append(None if marked is None else index in marked)
            clusters.append(one.row)
        if marked is not None:
            firsts.append((next(iter(counted), None), next(iter(marked), None)))
    return {
        "detector": detector.name,
        **_counts(reasonings),
        "traces": len(compared),
        "undetermined": sum(marked is None for marked in marks),
        **agreement(labels, verdicts, clusters, resamples=bootstrap),
        **error_rates(labels, verdicts, clusters, resamples=bootstrap),
        **first_places(firsts),
    }


def _counts(reasonings: Sequence[LabelledReasoning]) -> dict[str, int]:
    return {
        "unreadable": sum(one.unsafe and one.labels is None for one in reasonings),
        "first_sentence": sum(0 in (one.labels or ()) for one in reasonings),
    }


def first_places(firsts: Sequence[tuple[int | None, int | None]]) -> dict[str, float]:
    """Whether and where the first label and the first cue of each trace meet.

    Args:
        firsts: of each trace the sentence of the label and that of the cue; None for none.

    Returns:
        `found`, `found_without`, `first_exact`, `first_within_one` and `first_offset`, as
            `audit_cues` has them.
    """
    with_label = [seen is not None for label, seen in firsts if label is not None]
    without = [seen is not None for label, seen in firsts if label is None]
    offsets = np.array(
        [seen - label for label, seen in firsts if label is not None and seen is not None], dtype=float
    )
    some = len(offsets) > 0
    return {
        "found": float(np.mean(with_label)) if with_label else NAN,
        "found_without": float(np.mean(without)) if without else NAN,
        "first_exact": float(np.mean(offsets == 0)) if some else NAN,
        "first_within_one": float(np.mean(np.abs(offsets) <= 1)) if some else NAN,
        "first_offset": float(np.median(offsets)) if some else NAN,
    }
