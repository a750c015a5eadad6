"""Beginnings of reasonings: the buffer, the choice of groups, what each prompt goes on from."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

from safe_reasoning.config.methods import Prefill
from safe_reasoning.core.trace import CLOSE_TAG
from safe_reasoning.training.beginnings import Beginnings, ready_beginnings, unsafe_states
from safe_reasoning.training.prompt_mix import mixed_order
from safe_reasoning.training.reset_buffer import Given, ResetBuffer, chosen_groups
from safe_reasoning.training.rewards import Label, Outcome
from tests.support.fakes import KeywordDetector, ids, text, tokenizer

LABELS: dict[str, Label] = {"h0": "harmful", "h1": "harmful", "b0": "benign", "s0": "capability"}
HARMFUL = "The user asks. Okay, I will do it. Then I mix.\n</think>\nThen I mix."
UNSAFE, SAFE = Outcome("harmful", z_safe=False, y_safe=True), Outcome("harmful", z_safe=True, y_safe=True)


def own(**settings: Any) -> Prefill:
    return Prefill(source="own", **settings)


def states(*numbers: int) -> list[Given]:
    return [Given(f"h{number}", (number,)) for number in numbers]


def test_first_in_first_out_and_bounded():
    buffer = ResetBuffer(3)
    assert buffer.pop() is None
    buffer.push(states(0, 1))
    buffer.push(states(2, 3))
    assert [buffer.pop() for _ in range(4)] == [*states(1, 2, 3), None]
    assert buffer.counts() == {"pushed": 4, "used": 3, "left": 0}


def test_a_stored_buffer_comes_back_whole():
    buffer, again = ResetBuffer(3), ResetBuffer(3)
    buffer.push(states(0, 1, 2, 3))
    buffer.pop()
    again.push(states(9))
    again.restore(buffer.as_json())
    assert again.as_json() == buffer.as_json() and again.pop() == states(2)[0]


@drawn(st.sets(st.integers(0, 7)), st.floats(0, 1), st.floats(0, 0.999), st.permutations(range(8)))
def test_chosen_groups_are_eligible_and_as_many_as_the_share(
    eligible: set[int], share: float, draw: float, order: list[int]
):
    chosen = chosen_groups(sorted(eligible), share, draw, order)
    assert chosen <= eligible and abs(len(chosen) - share * len(eligible)) < 1


def test_half_of_a_step_begins_with_given_reasoning():
    prefixes = [{"prompt_id": n, "side": "cooperative", "prefix_ids": [7], "least_tokens": 1} for n in LABELS]
    beginnings = Beginnings(Prefill(source="opposite"), LABELS, prefixes, 2, 0)
    names = [name for name in ["h0", "h1"] * 4 for _ in range(2)]
    for step in range(5):
        given = beginnings.hand_out(names, step)
        assert [one.prompt_id for one in given] == names and given[::2] == given[1::2]
        assert sum(bool(one.prefix) for one in given) == len(names) // 2
        assert given == beginnings.hand_out(names, step), "seeded: a resumed step is the same"
    capability = beginnings.hand_out(["s0", "s0", "b0", "b0"], 0)
    assert not any(one.prefix for one in capability), "no opposite beginning of theirs is there"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("opposite", {"h0": [(1, 2)], "b0": [(5, 6)]}),
        ("aligned", {"h0": [(3,)], "b0": [(8, 9)]}),
    ],
)
def test_sides_and_lengths_of_ready_beginnings(source: Any, expected: dict[str, Any]):
    def row(name: str, side: str, tokens: list[int], least: int) -> dict[str, Any]:
        return {"prompt_id": name, "side": side, "prefix_ids": tokens, "least_tokens": least}

    prefixes = [
        row("h0", "cooperative", [1, 2, 3], 2),
        row("h0", "cooperative", [1, 2, 3], 3),  # says what it has to only after its third token
        row("h0", "refusing", [3], 1),
        row("b0", "refusing", [5, 6, 7], 1),
        row("b0", "cooperative", [8, 9], 1),
        row("s0", "cooperative", [1], 1),
        row("another run's", "cooperative", [1], 1),
    ]
    assert ready_beginnings(Prefill(source=source, tokens=2), LABELS, prefixes) == expected


def test_states_of_the_buffer_come_first_and_only_in_place_of_harmful_prompts():
    beginnings = Beginnings(own(share=1.0), LABELS, [], 2, 0)
    names = ["h0", "h0", "b0", "b0", "h1", "h1"]
    plain = [Given(name) for name in names]
    assert beginnings.hand_out(names, 0) == plain, "an empty buffer gives the plain prompts"
    first = [Given("h1", (4,)), Given("h0", (5,)), Given("h0", (6,))]
    beginnings.take_back(first)
    given = beginnings.hand_out(names, 1)
    assert given == [first[0]] * 2 + plain[2:4] + [first[1]] * 2
    assert beginnings.hand_out(names, 2) == [first[2]] * 2 + plain[2:]


def test_a_state_is_an_unsafe_completion_cut_after_its_cue():
    (state,) = unsafe_states(own(), tokenizer(), KeywordDetector(), [Given("h0")], [ids(HARMFUL)], [UNSAFE])
    assert state.prompt_id == "h0" and text(state.prefix) == "The user asks. Okay, I will do it."
    (state,) = unsafe_states(
        own(cut="before_cue"), tokenizer(), KeywordDetector(), [Given("h0")], [ids(HARMFUL)], [UNSAFE]
    )
    assert text(state.prefix) == "The user asks."


@pytest.mark.parametrize(
    ("start", "completion", "outcome", "tokens"),
    [
        (Given("h0", (5,)), HARMFUL, UNSAFE, 40),  # was reset already
        (Given("h0"), HARMFUL, SAFE, 40),
        (Given("h0"), HARMFUL, Outcome("benign", complied=True), 40),
        (Given("h0"), "The user asks. Then I mix.\n</think>\nOkay, I will.", UNSAFE, 40),  # no cue in z
        (Given("h0"), HARMFUL, UNSAFE, 5),  # the cue ends later
    ],
)
def test_what_is_not_reset(start: Given, completion: str, outcome: Outcome, tokens: int):
    arguments = (tokenizer(), KeywordDetector(), [start], [ids(completion)], [outcome])
    assert unsafe_states(own(tokens=tokens), *arguments) == []


@drawn(st.text("ab. \n", max_size=20), st.text("ab. \n", max_size=20))
def test_no_cut_lies_behind_the_end_of_the_reasoning(before: str, after: str):
    completion = f"x. {before}Okay, I will{after}\n</think>\nOkay, I will. Mix."
    found = unsafe_states(
        own(tokens=200), tokenizer(), KeywordDetector(), [Given("h0")], [ids(completion)], [UNSAFE]
    )
    assert all(CLOSE_TAG not in text(state.prefix) for state in found)


@drawn(st.integers(0, 60), st.integers(0, 5))
def test_a_mix_keeps_its_shares_at_every_step(count: int, seed: int):
    names = {"harmful": ["h0", "h1", "h2"], "benign": ["b0"], "capability": ["s0", "s1"]}
    shares = {"harmful": 0.4, "benign": 0.2, "capability": 0.4}
    order = mixed_order(names, shares, count, seed)
    assert len(order) == count and order == mixed_order(names, shares, count, seed)
    kinds = [next(kind for kind in names if name in names[kind]) for name in order]
    for end in range(count + 1):
        taken = Counter(kinds[:end])
        assert all(abs(taken[kind] - share * end) < 1 + 1e-9 for kind, share in shares.items())
    first = [name for name in order if name in names["harmful"]][:3]
    assert len(set(first)) == len(first), "each prompt once before one comes again"
