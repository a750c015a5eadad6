"""First cues and triggers against the sentences at which the continuation safety ratio turns.

In the nano world also against the first unsafe sentence, which is known there: the first step of a
restricted recipe. What is compared is stored already; a detector reads it, nothing is sampled.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from safe_reasoning.characterize.continuation_safety import by_trace, curve
from safe_reasoning.characterize.trigger_mining import trace_spans
from safe_reasoning.characterize.turning_points import (
    TokenSpan,
    safe_turning_point,
    sentence_at,
    unsafe_turning_point,
)
from safe_reasoning.config import Characterize
from safe_reasoning.core.trace import Tokenizer
from safe_reasoning.evaluation.chunks import Marker
from safe_reasoning.evaluation.first_places import first_places
from safe_reasoning.judging.base import CueDetector
from safe_reasoning.judging.chunk_marks import exact_marks, lexical_marks

Row = Mapping[str, Any]
UNSAFE, SAFE, FIRST_UNSAFE = "unsafe_turning_point", "safe_turning_point", "first_unsafe_sentence"
TRIGGER_MARKERS: dict[str, Marker] = {"exact": exact_marks, "lexical": lexical_marks}


@dataclass(frozen=True)
class Turned:
    """A trace with a continuation safety ratio.

    Attributes:
        prompt: row of schema prompts.
        sentences: of its reasoning.
        turns: by kind of reference, the index of its sentence; None: it has none; missing: it lies
            in no sentence (the prompt alone decided it).
    """

    prompt: Row
    sentences: list[str]
    turns: dict[str, int | None]


def turned_traces(
    csr: Sequence[Row],
    traces: Mapping[str, Row],
    prompts: Mapping[str, Row],
    tokenizer: Tokenizer,
    settings: Characterize,
    *,
    exact: bool,
) -> list[Turned]:
    """The traces with a ratio and the sentences at which they turn.

    Args:
        csr: rows of schema csr.
        traces: rows of schema generations by generation_id.
        prompts: rows of schema prompts by prompt_id.
        tokenizer: of the model.
        settings: mu, eta and K.
        exact: whether the first unsafe sentence is known, as in the nano world.
    """
    found = []
    for name, values in by_trace(csr).items():
        trace = traces[name]
        spans = trace_spans(trace, tokenizer)
        lengths, ratios = curve(values)
        window, prompt = settings.stable_tokens, prompts[trace["prompt_id"]]
        points = {
            UNSAFE: unsafe_turning_point(lengths, ratios, settings.unsafe_threshold, window),
            SAFE: safe_turning_point(lengths, ratios, settings.safe_threshold, window),
        }
        turns = {kind: index for kind, point in points.items() for index in _index(spans, point)}
        sentences = [span.text for span in spans]
        if exact:
            turns[FIRST_UNSAFE] = _first(one.risk > 0 for one in exact_marks(prompt, sentences))
        found.append(Turned(prompt, sentences, turns))
    return found


def localisation_rows(
    traces: Sequence[Turned], detectors: Sequence[CueDetector], bootstrap: int
) -> list[dict[str, Any]]:
    """What is found first against each reference, one row for each pair of them.

    Args:
        traces: with a ratio.
        detectors: of cues; those that are called exact or lexical have triggers too.
        bootstrap: resamples of prompts.

    Returns:
        Rows with `kind` (`cue`; `trigger`; `turning_point`: that of the ratio itself), `detector`,
        `reference`, counts `traces`, `outside` (left out: the reference lies in no sentence),
        `undetermined` (left out too), `positives` (traces that have the reference), and the columns
        of `first_places`.
    """
    rows = []
    for detector in detectors:
        cues = detector.first_cues([one.sentences for one in traces])
        places = [None if cue.undetermined else (cue.index,) for cue in cues]
        for reference in (UNSAFE, FIRST_UNSAFE):
            rows += _compared(traces, places, ("cue", detector.name, reference), bootstrap)
    for name in (detector.name for detector in detectors if detector.name in TRIGGER_MARKERS):
        marks = [TRIGGER_MARKERS[name](one.prompt, one.sentences) for one in traces]
        triggers = [(_first(mark.aware for mark in of_trace),) for of_trace in marks]
        rows += _compared(traces, triggers, ("trigger", name, SAFE), bootstrap)
    turns = [(one.turns[UNSAFE],) if UNSAFE in one.turns else None for one in traces]
    return rows + _compared(traces, turns, ("turning_point", "ratio", FIRST_UNSAFE), bootstrap)


def _compared(
    traces: Sequence[Turned],
    places: Sequence[tuple[int | None] | None],
    names: tuple[str, str, str],
    bootstrap: int,
) -> list[dict[str, Any]]:
    """One row, none where no trace has such a reference; a place of None is undetermined."""
    kind, detector, reference = names
    there = [(one, place) for one, place in zip(traces, places, strict=True) if reference in one.turns]
    known = [(one, place[0]) for one, place in there if place is not None]
    if all(one.turns[reference] is None for one, _ in there):
        return []
    firsts = [(one.turns[reference], place) for one, place in known]
    return [
        {
            **{"kind": kind, "detector": detector, "reference": reference, "traces": len(traces)},
            "outside": len(traces) - len(there),
            "undetermined": len(there) - len(known),
            "positives": sum(label is not None for label, _ in firsts),
            **first_places(firsts, [one.prompt["prompt_id"] for one, _ in known], resamples=bootstrap),
        }
    ]


def _index(spans: Sequence[TokenSpan], point: int | None) -> Iterator[int | None]:
    """The index of a turning point's sentence: None for no point, nothing where none holds it."""
    if point is None:
        yield None
    elif span := sentence_at(spans, point):
        yield spans.index(span)


def _first(marked: Iterator[bool]) -> int | None:
    return next((index for index, mark in enumerate(marked) if mark), None)
