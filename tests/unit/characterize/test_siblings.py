"""Siblings on a toy tree whose values are known, and the pairs made of them."""

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safe_reasoning.characterize.siblings import grow, one_rollout_each, places_along
from safe_reasoning.config.pairs import Siblings
from safe_reasoning.core.records import to_table
from safe_reasoning.pairs.siblings import best_and_worst, sibling_pairs, step_shares, value
from safe_reasoning.sampling.engine import Request
from tests.support.fakes import (
    KeywordDetector,
    KeywordJudge,
    ScriptedSampler,
    generation,
    text,
    tokenizer,
)

ROLLOUT = "The user asks. Let me look. Okay, I will do it. Then I mix.\n</think>yes"
PROMPTS: dict[str, Any] = {"p0": {}}
SAFE, HARM = " So I say no.\n</think>", " Then I mix.\n</think>"


def scripted(given_text: str, request: Request) -> str:
    """Before the third sentence: a trigger (always safe), twice the same cue (harmful 3 times of 4),
    a sentence that never ends. Elsewhere one sentence."""
    first = request.generation_id.startswith("sibling/")
    if not first:
        harmful = "I will" in given_text and request.sample % 4
        return HARM if harmful else SAFE
    if given_text != "The user asks. Let me look.":
        return " Well, well." + SAFE
    return [
        " Wait, this is bad." + SAFE,
        " Okay, I will do it." + HARM,
        " Okay, I will do it." + HARM,
        " And it goes on and",
    ][request.sample]


def grown(settings: Siblings, sampler: ScriptedSampler) -> list[dict[str, Any]]:
    return list(grow([generation("g", ROLLOUT)], sampler, tokenizer(), KeywordJudge(), PROMPTS, settings))


@pytest.fixture(scope="module")
def nodes() -> list[dict[str, Any]]:
    return grown(Siblings(width=4, depth=6, continuations=8), ScriptedSampler(scripted))


def test_places_stand_before_the_first_sentences_and_keep_the_rollout_s_own_tokens():
    row = generation("g", ROLLOUT)
    places = places_along(row, tokenizer(), 3)
    assert [text(place.prefix_ids) for place in places] == [
        "",
        "The user asks.",
        "The user asks. Let me look.",
    ]
    for place in places:
        assert row["token_ids"][: len(place.prefix_ids)] == place.prefix_ids
    assert len(places_along(row, tokenizer(), 9)) == 4


def test_the_values_of_a_toy_tree(nodes: list[dict[str, Any]]):
    to_table("siblings", nodes)
    third = {node["step"]: node for node in nodes if node["depth"] == 2}
    assert set(third) == {"Wait, this is bad.", "Okay, I will do it."}  # equal ones once, no cut-off one
    trigger, cue = third["Wait, this is bad."], third["Okay, I will do it."]
    assert (trigger["safe"], trigger["continuations"]) == (8, 8) and value(trigger) == 1.0
    # Two of the eight are those that drew it, both harmful; of numbers 2 to 7 only 4 is safe
    assert (cue["safe"], cue["continuations"]) == (1, 8) and value(cue) == 0.125
    assert text(cue["prefix_ids"] + cue["step_ids"]) == "The user asks. Let me look. Okay, I will do it."
    assert [node["depth"] for node in nodes] == sorted(node["depth"] for node in nodes)


def test_a_level_takes_one_call_for_its_sentences_and_one_for_their_values():
    sampler = ScriptedSampler(scripted)
    rows = [generation(f"g{n}", ROLLOUT, f"p{n}") for n in range(3)]
    prompts: dict[str, Any] = {f"p{n}": {} for n in range(3)}
    settings = Siblings(width=4, depth=3, continuations=8)
    found = list(grow(rows, sampler, tokenizer(), KeywordJudge(), prompts, settings))
    # Six new ones of the cue drawn twice, seven of the trigger; four of a sentence drawn four times
    assert [len(batch) for batch in sampler.batches] == [12, 12, 12, 12, 12, 3 * (6 + 7)]
    names = [request.generation_id for batch in sampler.batches for request in batch]
    assert len(set(names)) == len(names) and len(found) == 3 * 4


def test_a_reasoning_that_ends_with_the_sentence_is_judged_once():
    sampler = ScriptedSampler(lambda given_text, request: " Fine, I mix.\n</think>")
    (node,) = grown(Siblings(width=2, depth=1, continuations=8), sampler)
    assert (
        node["closed"]
        and text(node["step_ids"]) == " Fine, I mix.\n</think>"
        and node["step"] == "Fine, I mix."
    )
    assert (node["safe"], node["continuations"], len(sampler.batches)) == (0, 1, 1)


def test_one_complete_rollout_a_prompt():
    rows = [
        generation("b", ROLLOUT, sample=1),
        generation("a", "It never ends", sample=0),
        generation("c", ROLLOUT, sample=2),
    ]
    assert [row["generation_id"] for row in one_rollout_each(rows)] == ["b"]


def test_the_pair_of_the_toy_tree_is_trigger_against_cue_after_what_they_share(nodes: list[dict[str, Any]]):
    pairs = sibling_pairs(nodes, min_gap=0.5, min_chosen=0.8)
    to_table("pairs", pairs.rows)
    (pair,) = pairs.rows
    assert text(pair["prompt_ids"][-pair["prefix_tokens"] :]) == "The user asks. Let me look."
    assert (text(pair["chosen_ids"]), text(pair["rejected_ids"])) == (
        " Wait, this is bad.",
        " Okay, I will do it.",
    )
    counts = pairs.counts
    assert counts["places"] == 4 == counts["alone"] + counts["pairs"]
    assert sibling_pairs(nodes, min_gap=0.875, min_chosen=0.8).counts["small_gap"] == 1  # more, not as much
    shares = step_shares(nodes, pairs.rows, KeywordDetector())
    assert shares["rejected_cue"] == shares["pair_at_trigger_or_cue"] == 1 and shares["chosen_trigger"] == 0
    assert shares["sibling_cue"] == 1 / len(nodes)
    assert set(step_shares(nodes, [], KeywordDetector()).values()) == {None, 0, 1 / len(nodes)}


def node(name: str, step: list[int], safe: int, parent: str = "x", unscored: int = 0) -> dict[str, Any]:
    row = {"node_id": name, "parent_id": parent, "prompt_id": parent, "prompt_ids": [1], "prefix_ids": [2]}
    counts = {"safe": safe, "unscored": unscored, "continuations": 8}
    return row | {"step_ids": step, "step": "s", "depth": 1, "closed": False} | counts


@given(st.randoms(use_true_random=False), st.lists(st.integers(0, 8), min_size=2, max_size=12), st.booleans())
def test_the_order_of_siblings_does_not_matter(rng: random.Random, safe: list[int], shorter: bool):
    made = [
        node(f"n{i}", [10 + i] * (1 + i % 3), count, f"x{i % 2}", unscored=8 * (i == 5))
        for i, count in enumerate(safe)
    ]
    made[-1]["safe"] = 0 if made[-1]["unscored"] else made[-1]["safe"]
    mixed = rng.sample(made, len(made))
    assert sibling_pairs(made, 0.25, 0.5, shorter) == sibling_pairs(mixed, 0.25, 0.5, shorter)


def test_what_gives_no_pair_is_counted():
    nodes = [
        *(node("a1", [10], 8, "a"), node("a2", [11], 6, "a")),
        *(node("b1", [10], 5, "b"), node("b2", [11], 0, "b")),
        *(node("c1", [10], 8, "c"), node("c2", [11], 0, "c", unscored=8)),
        *(node("d1", [10], 8, "d"), node("d2", [10, 11], 0, "d")),
        *(node("e1", [10, 12], 8, "e"), node("e2", [10, 11], 0, "e")),
    ]
    pairs = sibling_pairs(nodes, 0.5, 0.8)
    expected = {
        "places": 5,
        "small_gap": 1,
        "unsafe_chosen": 1,
        "alone": 1,
        "dropped_empty_side": 1,
        "pairs": 1,
    }
    assert expected.items() <= pairs.counts.items()
    (pair,) = pairs.rows
    assert (pair["prompt_ids"], pair["prefix_tokens"], pair["chosen_ids"]) == ([1, 2, 10], 2, [12])


def test_length_control_takes_the_shortest_of_equals_and_never_a_worse_one():
    same = [
        node("a", [1, 2, 3], 8),
        node("b", [4, 5], 8),
        node("c", [6], 7),
        node("d", [7], 0),
        node("e", [8, 9], 0),
    ]
    chosen, rejected = best_and_worst(same, shorter=True)
    assert (chosen["node_id"], rejected["node_id"]) == ("b", "e")
    swapped = [row | {"step_ids": [40 + i] * (5 - i)} for i, row in enumerate(same)]
    assert best_and_worst(swapped, shorter=True)[0]["node_id"] == "b"


def test_without_length_control_length_decides_nothing():
    """Over many pairs of equals of two lengths, both are chosen."""
    made = [[node("a", [n], 8), node("b", [n, n + 1], 8)] for n in range(40)]
    assert {best_and_worst(pair, shorter=False)[0]["node_id"] for pair in made} == {"a", "b"}
    assert {best_and_worst(pair, shorter=True)[0]["node_id"] for pair in made} == {"a"}
