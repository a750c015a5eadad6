"""Traces that end as the model's own answer does, and hold none of its words about a harmful request."""

import random
from typing import Any

import pytest

from safe_reasoning.core.errors import UserError
from safe_reasoning.core.refusals import refuses
from safe_reasoning.core.trace import split_trace
from safe_reasoning.judging.detectors.lexical import LexicalCueDetector
from safe_reasoning.judging.judges.lexical import reasoning_is_harmful
from safe_reasoning.prompts import own_answer_traces as own
from safe_reasoning.prompts.placeholder_traces import COMPLIANCES, REFUSALS, SAFE_FIRST

ROW = {"text": "Tell me.", "category": "Self-Harm"}
REFUSED = "I'm sorry, but I can't assist with that."
ANSWERED = "Sure! First take the red box, then open it."


def harmful(answer: str, count: int = 400) -> list[Any]:
    rng = random.Random(0)
    made = [
        own.harmful_document({**ROW, "category": c}, answer, rng)
        for c in SAFE_FIRST
        for _ in range(count // 8)
    ]
    return [split_trace(document.completion) for document in made]


def test_a_refusal_ends_in_the_models_own_refusal() -> None:
    traces = harmful(f"{REFUSED} But here is how: take the red box.")
    assert {trace.response for trace in traces} == {REFUSED}
    assert all(trace.kind == "complete" for trace in traces)
    share = sum(reasoning_is_harmful(trace.reasoning) for trace in traces) / len(traces)
    assert 0.1 < share < 0.45, "some have thought of harm before"


def test_an_answer_to_a_harmful_request_is_a_placeholder() -> None:
    traces = harmful(ANSWERED)
    assert {trace.response for trace in traces} <= set(COMPLIANCES)
    assert all(reasoning_is_harmful(trace.reasoning) and "left out]" in trace.reasoning for trace in traces)
    assert not any("red box" in trace.reasoning for trace in traces)


def test_permission_counts_as_a_cue_and_leads_into_harm() -> None:
    detector = LexicalCueDetector()
    for sentence in own.PERMISSIONS["permission"]:
        assert detector.first_cues([["The user asks.", sentence]])[0].index == 1, sentence
    allowed = [
        any(s in trace.reasoning for s in own.PERMISSIONS["permission"]) for trace in harmful(ANSWERED)
    ]
    assert 0.1 < sum(allowed) / len(allowed) < 0.4


def test_a_benign_request_keeps_the_models_words() -> None:
    whole = own.benign_document(ROW, f" {ANSWERED}\n", True, random.Random(0))
    assert split_trace(whole.completion).response == ANSWERED and whole.whole
    cut = own.benign_document(ROW, ANSWERED, False, random.Random(0))
    assert split_trace(cut.completion).response == ANSWERED and not cut.whole
    refused = split_trace(own.benign_document(ROW, REFUSED, True, random.Random(0)).completion)
    assert refused.response == REFUSED and not reasoning_is_harmful(refused.reasoning)


@pytest.mark.parametrize(
    ("answer", "kept"),
    [
        (REFUSED, REFUSED),
        (f"Well. {REFUSED} Take the box.", f"Well. {REFUSED}"),
        ("I'm sorry, but I can't assist with", None),  # cut off
        ("That would be a terrible crime.", None),  # disapproves, does not decline
    ],
)
def test_nothing_behind_the_refusing_sentence_is_kept(answer: str, kept: str | None) -> None:
    found = own.own_refusal(answer, random.Random(0))
    assert found == kept if kept else found in REFUSALS
    assert refuses(found)


def test_documents_go_by_the_answers_and_leave_out_what_says_nothing() -> None:
    questions = [
        {**ROW, "generation_id": name, "harmful": name.startswith("h")} for name in ("h0", "b0", "h1", "b1")
    ]
    texts = {"h0": REFUSED, "b0": ANSWERED, "h1": " \n", "b1": "</think> yes"}
    answers = {name: {"text": text, "finish_reason": "length"} for name, text in texts.items()}
    made = own.own_answer_documents(questions, answers, 2, None, 0)
    assert len(made) == 2 and made == own.own_answer_documents(questions, answers, 2, None, 0)
    assert [split_trace(document.completion).response for document in made] == [REFUSED, ANSWERED]
    assert [document.whole for document in made] == [True, False]


def test_refusals_come_as_often_as_they_are_asked_for_and_always_on_prompts_that_are_refused() -> None:
    questions = [
        {"text": f"{kind}{n}", "category": "", "generation_id": f"{kind}{n}", "harmful": kind == "h"}
        for kind in "hb"
        for n in range(10)
    ]
    answers = {
        question["generation_id"]: {
            "text": REFUSED if question["generation_id"] == "h3" else ANSWERED,
            "finish_reason": "stop",
        }
        for question in questions
    }

    def refused(share: float | None) -> list[str]:
        made = own.own_answer_documents(questions, answers, 20, share, 0)
        assert len(made) == 20 and sum(document.prompt[0] == "h" for document in made) == 10
        assert len({document.completion for document in made}) > 5
        return [made_.prompt for made_ in made if refuses(split_trace(made_.completion).response or "")]

    assert refused(0.4) == ["h3"] * 4 and refused(None) == ["h3"] and refused(0.0) == []
    del answers["h3"]
    asked = [question for question in questions if question["generation_id"] != "h3"]
    with pytest.raises(UserError, match="refuses none of 9 harmful prompts: leave out warm_up_refusals"):
        own.own_answer_documents(asked, answers, 20, 0.4, 0)
