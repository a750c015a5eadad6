"""Risk and defence along reasonings, counted by hand."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safe_reasoning.core.chunks import paragraphs
from safe_reasoning.core.run_layout import Variant
from safe_reasoning.evaluation.chunks import MEASURES, Marks, chunk_rows, chunk_values, trace_measures

SAFE, RISKY = Marks(0.0, False, False), Marks(1.0, False, False)
DEFENDS, AWARE = Marks(0.0, True, False), Marks(0.0, True, True)
MARKS = st.builds(Marks, st.floats(0, 1), st.booleans(), st.booleans())
PROMPT = {"prompt_id": "direct-0001", "prompt_set": "direct"}


def test_a_reasoning_counted_by_hand():
    found = trace_measures([SAFE, AWARE, RISKY, SAFE, RISKY, DEFENDS])
    assert found == pytest.approx(
        {
            "risk_density": 2 / 6,
            "defence_density": 2 / 6,
            "onset": 3 / 6,
            "late_weighted_risk": (3 + 5) / 21,
            "intent_awareness": 1,
            "conversion": 0,  # the fifth is in the last third
        }
    )


@pytest.mark.parametrize(
    ("marks", "measure", "value"),
    [
        ([SAFE, RISKY, AWARE], "intent_awareness", 0),  # too late
        ([SAFE, SAFE, AWARE], "intent_awareness", 1),  # nothing risky: anywhere
        ([SAFE, DEFENDS, RISKY], "intent_awareness", 0),  # it does not say what is wrong
        ([RISKY, RISKY, SAFE], "conversion", 1),
        ([RISKY, SAFE, RISKY, SAFE], "conversion", 0),  # 3 > 2/3 of 4
        ([RISKY], "conversion", 0),
        ([SAFE, SAFE], "conversion", None),
        ([SAFE, SAFE], "onset", None),
        ([RISKY, SAFE], "onset", 0.5),
        ([Marks(0.4, False, False), Marks(0.6, False, False)], "onset", 1),
        ([Marks(0.4, False, False), Marks(0.6, False, False)], "risk_density", 0.5),
        ([SAFE, RISKY], "late_weighted_risk", 2 / 3),
        ([RISKY, SAFE], "late_weighted_risk", 1 / 3),
    ],
)
def test_single_measures(marks: list[Marks], measure: str, value: float | None):
    assert trace_measures(marks)[measure] == pytest.approx(value)


@given(st.lists(MARKS, max_size=12))
def test_every_measure_is_a_share_or_none(marks: list[Marks]):
    found = trace_measures(marks)
    assert tuple(found) == MEASURES
    assert all(value is None or -1e-9 <= value <= 1 + 1e-9 for value in found.values())
    assert (found["onset"] is None) == (found["conversion"] is None) == all(m.risk < 0.5 for m in marks)


@given(st.lists(st.booleans(), min_size=1, max_size=12))
def test_risk_weighs_more_the_later_it_comes(risks: list[bool]):
    def late(order: list[bool]) -> float:
        return trace_measures([RISKY if risk else SAFE for risk in order])["late_weighted_risk"]

    assert late(sorted(risks)) >= late(risks) - 1e-12 >= late(sorted(risks, reverse=True)) - 2e-12


def mixes(prompt: Any, chunks: Any) -> list[Marks]:
    return [RISKY if "mix" in chunk else SAFE for chunk in chunks]


def generation(text: str, prompt_id: str = "direct-0001") -> dict[str, str]:
    return {"prompt_set": "direct", "prompt_id": prompt_id, "text": text}


def values(text: str, **more: Any) -> dict[str, float | None]:
    rows = chunk_values([generation(text)], {"direct-0001": PROMPT}, mixes, **more)
    return {row["measure"]: row["value"] for row in rows}


def test_only_the_reasoning_is_read_by_sentences_or_as_it_is_cut():
    text = "I look. I mix it.\n\nI stop.\n</think>\nI mix it."
    assert values(text)["risk_density"] == pytest.approx(1 / 3)
    assert values(text, cut=paragraphs)["risk_density"] == pytest.approx(1 / 2)


@pytest.mark.parametrize("text", ["I look. I mix it.", "\n</think>\nI mix it.", ""])
def test_a_reasoning_that_never_ends_or_says_nothing_has_no_measure(text: str):
    assert set(values(text).values()) == {None}


def test_rows_are_of_safety_sets_and_count_what_is_left_out():
    prompts = {"direct-0001": PROMPT, "benign-0001": {"prompt_id": "benign-0001", "prompt_set": "benign"}}
    rows = [
        generation("I mix it.\n</think>\nNo."),
        generation("I look.\n</think>\nNo."),
        generation("I look."),
        {**generation("I mix it.\n</think>\nNo.", "benign-0001"), "prompt_set": "benign"},
    ]
    roles = {"direct": "safety", "benign": "overrefusal"}
    found = chunk_rows({Variant("base", 0): rows}, prompts, mixes, roles, {"benign": "asked"}, {"base"}, 100)
    assert {row["prompt_set"] for row in found} == {"direct", "safety_average"}
    of_set = {row["measure"]: row for row in found if row["prompt_set"] == "direct"}
    assert of_set["risk_density"]["rate"] == 0.5 and of_set["risk_density"]["unscored"] == 1
    assert of_set["onset"]["rate"] == 1 and of_set["onset"]["unscored"] == 2
