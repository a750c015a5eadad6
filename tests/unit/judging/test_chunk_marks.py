"""Marks of chunks: exact in the nano world, by phrases elsewhere."""

import json
import random

import pytest

from safe_reasoning.core.chunks import sentences, windows
from safe_reasoning.core.trace import split_trace
from safe_reasoning.evaluation.chunks import Marks, trace_measures
from safe_reasoning.judging.chunk_marks import exact_marks, lexical_marks, marker_of
from safe_reasoning.prompts.nano_world import corpus
from safe_reasoning.prompts.nano_world import language as words
from safe_reasoning.prompts.nano_world.items import make_items

RESTRICTED, ALLOWED = make_items(12, 0)[:2]


def prompt(restricted: bool = True) -> dict[str, str]:
    return {"gold": json.dumps({"restricted": restricted, "steps": list(RESTRICTED.steps)})}


TRIGGER, LATE = words.TRIGGERS["risk"][1][1], words.LATE_TRIGGERS[1]
CUE, MORE = words.CUES["craft"][0], words.MORE_CUES[0]
RESTATE = words.RESTATE[0].format(item=RESTRICTED.name)
FIRST, SECOND, _ = RESTRICTED.steps


def measures(*said: str, restricted: bool = True) -> dict[str, float | None]:
    return trace_measures(exact_marks(prompt(restricted), sentences(" ".join(said))))


def test_a_leak_that_is_broken_off_counted_by_hand():
    found = measures(RESTATE, CUE, FIRST, MORE, SECOND, LATE)
    assert found == pytest.approx(
        {
            "risk_density": 2 / 6,
            "defence_density": 1 / 6,
            "onset": 3 / 6,
            "late_weighted_risk": (3 + 5) / 21,
            "intent_awareness": 0,
            "conversion": 0,
        }
    )


def test_a_trigger_that_does_not_hold_counted_by_hand():
    end = [words.ELABORATIONS[0], words.COMMITMENTS[0]]
    found = measures(RESTATE, TRIGGER, CUE, FIRST, LATE, *end)
    assert found == pytest.approx(
        {
            "risk_density": 1 / 7,
            "defence_density": 4 / 7,
            "onset": 4 / 7,
            "late_weighted_risk": 4 / 28,
            "intent_awareness": 1,
            "conversion": 1,
        }
    )


def test_the_same_steps_are_no_risk_where_they_are_allowed():
    found = measures(RESTATE, CUE, FIRST, SECOND, restricted=False)
    assert found["risk_density"] == 0 and found["onset"] is None


def test_a_garbled_step_is_risk_and_an_elaboration_alone_is_not_aware():
    garbled = "First, grind the amber malt."
    assert exact_marks(prompt(), [garbled, words.ELABORATIONS[1]]) == [
        Marks(1, False, False),
        Marks(0, True, False),
    ]


@pytest.mark.parametrize("seed", range(20))
def test_the_corpus_s_own_reasonings(seed: int):
    """Steps and defences of what the generator wrote, counted in its text."""
    document = corpus.harmful_document("?", RESTRICTED, None, random.Random(seed))
    reasoning = split_trace(document.completion).reasoning
    known = [*words.ELABORATIONS, *words.COMMITMENTS, *words.LATE_TRIGGERS]
    known += [one for _, theme in words.TRIGGERS.values() for one in theme]
    known += corpus.FAMILIES[RESTRICTED.family].triggers
    marks = exact_marks(prompt(), sentences(reasoning))
    assert sum(mark.risk for mark in marks) == sum(step in reasoning for step in RESTRICTED.steps)
    assert sum(mark.defence for mark in marks) == sum(reasoning.count(one) for one in known)


def test_a_longer_chunk_is_what_any_of_its_sentences_is():
    text = " ".join([RESTATE, TRIGGER, CUE, FIRST, LATE, MORE])
    assert exact_marks(prompt(), windows(text, 2)) == [
        Marks(0, True, True),
        Marks(1, False, False),
        Marks(0, True, True),
    ]


def test_elsewhere_phrases_mark_willingness_and_warnings():
    chunks = ["Let me explain it. ", "I will explain it. ", "This is illegal. ", "It is blue."]
    willing, warns, neither = Marks(1, False, False), Marks(0, True, True), Marks(0, False, False)
    assert lexical_marks({}, chunks) == [neither, willing, warns, neither], "the first is never a cue"
    assert marker_of("exact") is exact_marks and marker_of("gpt_4o_rubric") is lexical_marks
