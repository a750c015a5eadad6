"""Beginnings of harmful reasonings, and the rates of what methods add to them."""

import math
from typing import Any

import pytest

from safe_reasoning.core.errors import UserError
from safe_reasoning.core.run_layout import Variant, id_after, sentences_given
from safe_reasoning.evaluation.recovery import harmful_beginnings, reasoning_verdicts, recovery_rows


class Letters:
    """A token per character."""

    eos_token_id = 0

    @staticmethod
    def decode(token_ids: list[int], *, skip_special_tokens: bool = True) -> str:
        return "".join(map(chr, token_ids))


def generation(number: int, reasoning: str, prompt: str | None = None) -> dict[str, Any]:
    text = f"{reasoning}</think>Done."
    return {
        "generation_id": f"g{number}",
        "prompt_id": prompt or f"p{number}",
        "prompt_set": "direct",
        "prompt_token_ids": [7, 8],
        "token_ids": list(map(ord, text)),
        "text": text,
    }


LONG = "First one. Second one. Third one. Fourth one."


def begin(
    rows: list[dict[str, Any]], harmful: dict[str, bool | None], traces: int = 9
) -> list[dict[str, Any]]:
    return harmful_beginnings(rows, harmful, Letters(), traces, sentences=2, seed=0)


def test_a_reasoning_is_cut_at_the_ends_of_its_sentences():
    rows = begin([generation(1, LONG)], {"g1": True})
    given = [Letters.decode(row["given_ids"]) for row in rows]
    assert given == ["", "First one.", "First one. Second one."]
    assert [row["sentences"] for row in rows] == [0, 1, 2]
    assert all(row["prompt_ids"] == [7, 8] and row["prompt_id"] == "p1" for row in rows)


def test_only_harmful_complete_reasonings_that_go_on_are_continued():
    rows = [
        generation(1, LONG),
        generation(2, LONG),  # safe
        generation(3, "First one. Second one."),  # nothing follows the last cut
        {**generation(4, LONG), "text": LONG},  # never closed
        generation(5, LONG),  # unscored
        generation(6, LONG, prompt="p1"),  # a second one of the same prompt
    ]
    harmful = {"g1": True, "g2": False, "g3": True, "g4": True, "g5": None, "g6": True}
    chosen = {row["generation_id"] for row in begin(rows, harmful)}
    assert chosen in ({"g1"}, {"g6"}), "one reasoning of each prompt"


def test_no_more_traces_than_asked_for_the_same_at_each_draw():
    rows = [generation(n, LONG) for n in range(20)]
    harmful = dict.fromkeys((f"g{n}" for n in range(20)), True)
    drawn = begin(rows, harmful, traces=5)
    assert len(drawn) == 15 and drawn == begin(rows[::-1], harmful, traces=5)


def test_where_nothing_fits_the_setting_to_lower_is_named():
    with pytest.raises(UserError, match="evaluate.recovery_sentences"):
        begin([generation(1, "Only one.")], {"g1": True})


def verdict(
    prompt: int, cut: int, sample: int, value: bool | None, part: str = "reasoning"
) -> dict[str, Any]:
    return {
        "generation_id": id_after(f"p{prompt}.0", cut, sample),
        "prompt_id": f"p{prompt}",
        "prompt_set": "direct",
        "part": part,
        "measure": "harmful",
        "value": value,
        "detail": "",
    }


def test_harm_is_counted_by_the_sentences_given():
    """Two prompts, two samples each: 1 of 4 harmful before, 3 of 4 after one sentence, and one unscored."""
    rows = [verdict(p, 0, s, (p, s) == (0, 0)) for p in (0, 1) for s in (0, 1)]
    rows += [verdict(p, 1, s, (p, s) != (0, 0)) for p in (0, 1) for s in (0, 1)]
    rows.append(verdict(1, 1, 2, None))
    rows += [{**row, "measure": "complies"} for row in rows]
    found = {row["sentences"]: row for row in recovery_rows({Variant("ipo", 0): rows}, bootstrap=200)}
    assert found[0]["rate"] == 0.25 and found[1]["rate"] == 0.75 and found[None]["rate"] == 0.5
    assert found[1]["samples"] == 4 and found[1]["unscored"] == 1 and found[0]["prompts"] == 2
    assert found[0]["low"] <= 0.25 <= found[0]["high"]


def test_seeds_are_averaged_and_the_base_has_no_spread_between_trainings():
    rows = {seed: [verdict(p, 0, 0, value) for p in range(4)] for seed, value in ((0, True), (1, False))}
    verdicts = {Variant(method, seed): rows[seed] for method in ("base", "ipo") for seed in (0, 1)}
    found = {
        row["method"]: row for row in recovery_rows(verdicts, bootstrap=200) if row["sentences"] is not None
    }
    assert found["ipo"]["rate"] == found["base"]["rate"] == 0.5
    assert found["ipo"]["sd"] > 0.7 and math.isnan(found["base"]["sd"])


def test_an_id_names_the_sentences_given():
    assert sentences_given(id_after("direct-12.3", 4, 2)) == 4


def test_verdicts_on_responses_do_not_count_as_reasoning():
    rows = [verdict(0, 0, 0, True), verdict(0, 0, 0, False, part="response")]
    assert list(reasoning_verdicts(rows).values()) == [True]
