"""What every pair keeps, which attempts give none, and that nothing is lost uncounted."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safe_reasoning.core.records import to_table
from safe_reasoning.judging.base import FirstCue
from safe_reasoning.judging.cues import find_cues
from safe_reasoning.pairs.intervened import intervened_pairs, rollout_requests
from safe_reasoning.pairs.natural import natural_pairs
from safe_reasoning.pairs.overrefusal import overrefusal_pairs
from safe_reasoning.pairs.rows import Pairs, _checked, broken_invariant, share_prefix, side_ids
from safe_reasoning.sampling.engine import Request
from tests.support.fakes import (
    PROMPT_IDS,
    KeywordDetector,
    KeywordJudge,
    ScriptedSampler,
    generation,
    ids,
    text,
    tokenizer,
)

DETECTOR, JUDGE = KeywordDetector(), KeywordJudge()
PROMPTS: dict[str, dict[str, str]] = defaultdict(dict)
TRIGGERS = [
    {"label": "T1", "text": "Wait, this is not allowed."},
    {"label": "T2", "text": "Okay, I should stop."},
]
START = "The user asks. Let me look."
HARMFUL = f"{START} Okay, I will do it. Then I mix.\n</think>\nyes"
IDS = st.lists(st.integers(0, 3), max_size=6)


def build(
    rollouts: list[dict[str, Any]],
    continuation: str = " So I say no.\n</think>",
    rounds: int = 1,
    response: bool = False,
) -> Pairs:
    sample = ScriptedSampler(lambda given_text, request: continuation)
    return intervened_pairs(
        rollouts, TRIGGERS, sample, tokenizer(), DETECTOR, JUDGE, PROMPTS, rounds, response
    )


def accounted(counts: dict[str, int]) -> bool:
    dropped = sum(number for name, number in counts.items() if name.startswith("dropped_"))
    ways = ("unfinished", "no_cue", "cue_undetermined", "max_rounds_reached", "kept")
    return (
        counts["attempts"] == sum(counts[way] for way in ways) and counts["pairs"] == counts["kept"] - dropped
    )


def test_one_rollout_a_prompt_and_trigger_each_with_its_own_seed() -> None:
    prompts = [{"prompt_id": f"p{number}", "prompt_set": "set"} for number in range(3)]
    requests = rollout_requests(prompts, {f"p{number}": [number] for number in range(3)}, TRIGGERS)
    assert [(r.prompt_id, r.sample, r.prompt_token_ids) for r in requests] == [
        (f"p{n}", t, [n]) for n in range(3) for t in range(2)
    ]
    assert len({r.seed for r in requests}) == len({r.generation_id for r in requests}) == 6


def test_an_intervened_pair() -> None:
    pairs = build([generation("g0", HARMFUL)])
    (pair,) = pairs.rows
    assert (
        text(pair["prompt_ids"][len(PROMPT_IDS) :]) == START
        and pair["prompt_ids"][: len(PROMPT_IDS)] == PROMPT_IDS
    )
    assert pair["prefix_tokens"] == len(pair["prompt_ids"]) - len(PROMPT_IDS)
    assert text(pair["chosen_ids"]) == " Wait, this is not allowed. So I say no.\n</think>"
    assert text(pair["rejected_ids"]) == " Okay, I will do it. Then I mix.\n</think>"
    assert (pair["trigger"], pair["cue"], pair["rounds"]) == (
        "Wait, this is not allowed.",
        "Okay, I will do it.",
        1,
    )
    assert broken_invariant(pair, tokenizer()) == "" and accounted(pairs.counts)
    to_table("pairs", pairs.rows)


def test_tokens_with_which_trigger_and_cue_both_begin_belong_to_the_prefix() -> None:
    (pair,) = build([generation("g0", HARMFUL, sample=1)]).rows
    assert text(pair["prompt_ids"][len(PROMPT_IDS) :]).startswith(f"{START} Okay, I")
    assert pair["chosen_ids"][0] != pair["rejected_ids"][0]
    joined = text(pair["prompt_ids"][len(PROMPT_IDS) :] + pair["rejected_ids"])
    assert joined == HARMFUL.removesuffix("\nyes") and pair["prefix_tokens"] == len(pair["prompt_ids"]) - len(
        PROMPT_IDS
    )


def test_a_second_round_leaves_the_prefix_where_the_first_cue_was() -> None:
    def script(given_text: str, request: Request) -> str:
        return (
            " So no.\n</think>"
            if given_text.count(TRIGGERS[0]["text"]) == 2
            else " Hm. But I will go on.\n</think>"
        )

    rollouts = [generation("g0", HARMFUL)]
    pairs = intervened_pairs(
        rollouts, TRIGGERS, ScriptedSampler(script), tokenizer(), DETECTOR, JUDGE, PROMPTS, 3, False
    )
    (pair,) = pairs.rows
    assert pair["rounds"] == 2 and pairs.counts["rounds_2"] == 1 and pairs.counts["rounds_1"] == 0
    assert text(pair["prompt_ids"][len(PROMPT_IDS) :]) == START
    assert (
        text(pair["chosen_ids"])
        == " Wait, this is not allowed. Hm. Wait, this is not allowed. So no.\n</think>"
    )
    max_rounds_reached = intervened_pairs(
        rollouts, TRIGGERS, ScriptedSampler(script), tokenizer(), DETECTOR, JUDGE, PROMPTS, 1, False
    )
    assert (
        max_rounds_reached.rows == []
        and max_rounds_reached.counts["max_rounds_reached"] == 1
        and accounted(max_rounds_reached.counts)
    )


@pytest.mark.parametrize(
    ("rollout", "continuation", "outcome"),
    [
        ("The user asks. I say no.\n</think>", " x\n</think>", "no_cue"),
        (f"{START} Okay, I will do it. Then", " x\n</think>", "unfinished"),
        (HARMFUL, " and so on without an end", "unfinished"),
        (HARMFUL, " But I will go on.\n</think>", "max_rounds_reached"),
    ],
)
def test_attempts_that_give_no_pair(rollout: str, continuation: str, outcome: str) -> None:
    pairs = build([generation("g0", rollout)], continuation)
    assert pairs.rows == [] and pairs.counts[outcome] == 1 and accounted(pairs.counts)


class UndeterminedCues(KeywordDetector):
    """Cannot tell whether texts that hold a word have a cue."""

    def __init__(self, word: str) -> None:
        self._word = word

    def first_cues(self, reasonings: Sequence[Sequence[str]]) -> list[FirstCue]:
        found = super().first_cues(reasonings)
        unclear = [any(self._word in sentence for sentence in sentences) for sentences in reasonings]
        return [
            FirstCue(None, undetermined=True) if no else cue for cue, no in zip(found, unclear, strict=True)
        ]


@pytest.mark.parametrize("word", ["Okay", "So I say no"])
def test_a_side_whose_cue_could_not_be_read_is_no_side_of_a_pair(word: str) -> None:
    """In the rollout, or in what followed the trigger: None there does not mean that no cue is left."""
    sample = ScriptedSampler(lambda given_text, request: " So I say no.\n</think>")
    pairs = intervened_pairs(
        [generation("g0", HARMFUL)],
        TRIGGERS,
        sample,
        tokenizer(),
        UndeterminedCues(word),
        JUDGE,
        PROMPTS,
        1,
        False,
    )
    assert pairs.rows == [] and pairs.counts["cue_undetermined"] == 1 and accounted(pairs.counts)


def test_harm_without_a_cue_is_counted() -> None:
    """No pair can hold it: an intervention replaces a cue."""
    texts = [
        "The user asks. Then I mix.\n</think>",
        "The user asks. I say no.\n</think>",
        "Unsure. unclear\n</think>",
    ]
    counts = build([generation(f"g{n}", text) for n, text in enumerate(texts)]).counts
    assert (counts["no_cue"], counts["no_cue_harmful"], counts["no_cue_unscored"]) == (3, 1, 1) and accounted(
        counts
    )


def test_sides_that_go_on_to_the_response_end_with_the_end_of_sequence() -> None:
    (pair,) = build([generation("g0", HARMFUL)], " So no.\n</think>\nSorry.", response=True).rows
    assert text(pair["chosen_ids"]).endswith("</think>\nSorry.") and text(pair["rejected_ids"]).endswith(
        "</think>\nyes"
    )
    assert pair["chosen_ids"][-1] == pair["rejected_ids"][-1] == tokenizer().eos_token_id
    cut_off = build([generation("g0", HARMFUL, finish_reason="length")], response=True)
    assert cut_off.rows == [] and cut_off.counts["unfinished"] == 1


@given(
    st.lists(
        st.sampled_from(["Let me look.", "Okay, I will do it.", "Well, I think.", "Then I mix."]),
        min_size=1,
        max_size=5,
    ),
    st.lists(st.sampled_from([" Hm.", " But I will go on.", " Okay, I say no.", "\n</think>"]), max_size=4),
    st.integers(0, 1),
    st.integers(1, 3),
)
def test_invariants_hold_whatever_is_sampled(
    before: list[str], after: list[str], trigger: int, rounds: int
) -> None:
    rollout = generation("g0", " ".join(["The user asks.", *before]) + "\n</think>\nyes", sample=trigger)
    pairs = build([rollout], "".join(after), rounds)
    assert accounted(pairs.counts)
    for pair in pairs.rows:
        prefix = pair["prompt_ids"][len(PROMPT_IDS) :]
        rejected = prefix + pair["rejected_ids"]
        assert rejected == rollout["token_ids"][: len(rejected)]  # the rollout's own tokens, verbatim
        assert (
            pair["chosen_ids"] and pair["rejected_ids"] and pair["chosen_ids"][0] != pair["rejected_ids"][0]
        )
        (chosen_cue, _), (rejected_cue, _) = find_cues(
            tokenizer(), [prefix + pair["chosen_ids"], rejected], DETECTOR
        )
        assert chosen_cue is None and rejected_cue is not None
        assert text(pair["chosen_ids"]).endswith("</think>") and text(pair["rejected_ids"]).endswith(
            "</think>"
        )


@given(IDS, IDS)
def test_share_prefix_moves_tokens_and_loses_none(chosen: list[int], rejected: list[int]) -> None:
    pair = {"prompt_ids": [9, 9], "prefix_tokens": 1, "chosen_ids": chosen, "rejected_ids": rejected}
    moved = share_prefix(pair)
    assert moved["prompt_ids"] + moved["chosen_ids"] == [9, 9, *chosen]
    assert moved["prompt_ids"] + moved["rejected_ids"] == [9, 9, *rejected]
    assert moved["prefix_tokens"] - 1 == len(moved["prompt_ids"]) - 2
    assert (
        not moved["chosen_ids"]
        or not moved["rejected_ids"]
        or moved["chosen_ids"][0] != moved["rejected_ids"][0]
    )


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({}, ""),
        ({"chosen_ids": []}, "empty_side"),
        ({"chosen_ids": ids(" Okay, I will do it.\n</think>")}, "identical"),
        ({"chosen_ids": ids(" Okay, no.\n</think>")}, "same_first_token"),
        ({"chosen_ids": ids(" Wait, no.")}, "not_closed"),
        ({"chosen_ids": ids(" Wait, no.\n</think>\n</think>")}, "not_closed"),
        ({"chosen_ids": ids(" Wait. Then I will.\n</think>")}, "chosen_has_cue"),
    ],
)
def test_a_pair_that_breaks_an_invariant_is_dropped_and_counted_by_it(
    change: dict[str, list[int]], fault: str
) -> None:
    prefix = ids("The user asks.")
    pair = {
        "prompt_id": "p",
        "prompt_ids": PROMPT_IDS + prefix,
        "prefix_tokens": len(prefix),
        "chosen_ids": ids(" Wait, no.\n</think>"),
        "rejected_ids": ids(" Okay, I will do it.\n</think>"),
    }
    checked = _checked([pair | change], Counter(), tokenizer(), DETECTOR)
    assert len(checked.rows) == checked.counts["pairs"] == (not fault)
    assert {key: count for key, count in checked.counts.items() if key.startswith("dropped_")} == (
        {f"dropped_{fault}": 1} if fault else {}
    )


def test_side_ids_end_with_the_closing_tag_or_the_end_of_sequence() -> None:
    whole = ids(HARMFUL)
    assert text(side_ids(tokenizer(), whole, whole=False)) == HARMFUL.removesuffix("\nyes")
    assert side_ids(tokenizer(), whole, whole=True) == [*whole, tokenizer().eos_token_id]


def test_natural_pairs_meet_one_to_one_within_a_prompt() -> None:
    safe, harmful = "The user asks. I say no.\n</think>\nno", HARMFUL
    rows = [
        generation(f"g{n}", c, prompt_id=p)
        for n, (p, c) in enumerate([("a", safe), ("a", harmful), ("a", harmful), ("b", safe), ("c", "x")])
    ]
    verdicts = {"g0": False, "g1": True, "g2": True, "g3": False, "g4": None}
    pairs = natural_pairs(rows, verdicts, tokenizer(), append_response=False)
    (pair,) = pairs.rows
    assert pair["prompt_ids"] == PROMPT_IDS and pair["prefix_tokens"] == 0
    assert text(pair["chosen_ids"]) == safe.removesuffix("\nno") and text(
        pair["rejected_ids"]
    ) == harmful.removesuffix("\nyes")
    assert pairs.counts["unscored"] == 1 and pairs.counts["pairs"] == 1
    to_table("pairs", pairs.rows)


def test_natural_pairs_of_equal_reasoning_are_dropped() -> None:
    rows = [generation("g0", HARMFUL), generation("g1", HARMFUL)]
    pairs = natural_pairs(rows, {"g0": False, "g1": True}, tokenizer(), append_response=False)
    assert pairs.rows == [] and pairs.counts["dropped_identical"] == 1


def test_overrefusal_pairs_set_a_compliant_base_answer_against_a_refusal() -> None:
    base = [
        generation(f"b{n}", f"The user asks. Fine.\n</think>\nHere {n}", prompt_id=p)
        for n, p in enumerate(["a", "a", "b"])
    ]
    aligned = [
        generation("r0", "Hm. No.\n</think>\nSorry, no.", prompt_id="a"),
        generation("r1", "Hm. No.\n</think>\nSorry, not.", prompt_id="a"),
        generation("r2", "Hm. No.\n</think>\nSorry, never.", prompt_id="a"),
        generation("r3", "Hm. Fine.\n</think>\nHere", prompt_id="a"),
        generation("r4", "Hm. No.\n</think>\nunclear", prompt_id="a"),
        generation("r5", "Hm. No.\n</think>\nSorry", prompt_id="b"),
        generation("r6", "Hm. No.\n</think>\nSorry and so", prompt_id="a", finish_reason="length"),
    ]
    complies = {"b0": True, "b1": True, "b2": False}
    pairs = overrefusal_pairs(base, complies, aligned, KeywordJudge(), {"a": {}, "b": {}}, tokenizer())
    ends = [
        (text(p["chosen_ids"]).split("\n")[-1], text(p["rejected_ids"]).split("\n")[-1]) for p in pairs.rows
    ]
    assert ends == [("Here 0", "Sorry, no."), ("Here 1", "Sorry, not."), ("Here 0", "Sorry, never.")]
    assert all(p["chosen_ids"][-1] == p["rejected_ids"][-1] == tokenizer().eos_token_id for p in pairs.rows)
    counts = pairs.counts
    assert (
        counts["complied"],
        counts["unscored"],
        counts["no_compliant_base"],
        counts["unfinished"],
        counts["pairs"],
    ) == (1, 1, 1, 1, 3)
    to_table("pairs", pairs.rows)
