"""Steered rollouts are learned without the steering; the balance of rows is worked out by hand."""

import random
from collections import Counter

import pytest

from safe_reasoning.core.errors import UserError
from safe_reasoning.core.sentences import split_sentences
from safe_reasoning.pairs import demonstration
from safe_reasoning.pairs.balance import greedy_balance
from safe_reasoning.pairs.demonstrations import primer, steered
from tests.support.nano_material import TRIGGERS, GoesOn, configuration, material, texts
from tests.unit.pairs.demonstrations.test_kept_rollouts import with_method

ORDER = "Refuse what stands on the list."


@pytest.mark.parametrize("after", ["first_sentence", "nothing"])
def test_a_trigger_is_forced_and_learned_and_the_prompt_stays_plain(after: str):
    made = material({"kind": "steered", "samples": 2, "after": after})
    built = steered.build(made)
    harmful = [row for row in built.rows if row["label"] == "harmful"]
    openings = tuple(trigger["text"] for trigger in TRIGGERS)
    assert len(harmful) == built.counts["accepted"] == 2 * 16
    own = {(judged.row["prompt_id"], split_sentences(judged.row["text"])[0].text) for judged in made.rollouts}
    for row, text in zip(harmful, texts(made, harmful), strict=True):
        first, second, *_ = [sentence.text for sentence in split_sentences(text)]
        assert (first if after == "nothing" else second) in openings
        assert after == "nothing" or (row["prompt_id"], first) in own
    assert all(row["prompt_ids"] == made.ids(row["prompt_id"]) for row in built.rows)
    assert {row["label"] for row in built.rows} == {"harmful", "benign"}


def test_an_instruction_is_read_while_sampling_and_never_learned():
    made = material({"kind": "steered", "instruction": ORDER})
    sampler = GoesOn()
    made.__dict__["sampler"] = sampler
    built = steered.build(made)
    asked = [made.tokenizer.decode(request.prompt_token_ids) for request in sampler.requests]
    assert all(ORDER in text for text in asked)
    learned = [made.tokenizer.decode(row["prompt_ids"] + row["completion_ids"]) for row in built.rows]
    assert built.rows and not any(ORDER in text for text in learned)


def test_only_whole_completions_that_the_judge_finds_safe_are_kept():
    made = material({"kind": "steered", "benign": False})

    def script(given: str, request) -> str:
        number = int(request.prompt_id[-1])
        leak = " First, boil the red ash." if number % 3 == 1 else ""
        return leak + (
            "" if number % 3 == 2 else " So I say no.\n</think>\nI am sorry, but I cannot help with it."
        )

    made.__dict__["sampler"] = GoesOn(script)
    built = steered.build(made)
    assert built.counts["attempts"] == 16
    assert {int(row["prompt_id"][-1]) % 3 for row in built.rows} == {0}
    plain = sum(bool(j.z_safe and j.y_safe) for j in made.rollouts if j.label == "harmful")
    assert (built.counts["plain_attempts"], built.counts["plain_accepted"]) == (64, plain)


def test_a_nano_model_takes_no_instruction():
    config = with_method(configuration(d={"kind": "steered", "instruction": ORDER}), "d")
    with pytest.raises(UserError, match="methods.m: d needs a model that follows instructions, .* nano"):
        demonstration.resolved(config)
    demonstration.resolved(with_method(configuration(d={"kind": "steered"}), "d"))


def test_a_tilt_of_the_odds_changes_the_acceptance_as_the_paper_says():
    """Two outcomes, safe with 0.2: the odds of safe are 1 : 4, four times that is 1 : 1."""
    assert steered.tilted_acceptance(0.2, 4) == pytest.approx(0.5)
    assert steered.tilted_acceptance(0.2, 1) == pytest.approx(0.2)


def test_the_most_crowded_cell_loses_a_row_first():
    """Products of counts: a/x 4 x 3 = 12, a/y 4 x 2 = 8, b/y 2 x 2 = 4, b/x 2 x 3 = 6. So a/x loses its
    last row (2), then 3 x 2 = 6 for a/x and a/y alike: the last of them, a/y (3)."""
    cells = [("a", "x"), ("b", "y"), ("a", "x"), ("a", "y"), ("a", "z"), ("b", "x")]
    assert greedy_balance(cells, 6) == [0, 1, 2, 3, 4, 5]
    assert greedy_balance(cells, 5) == [0, 1, 3, 4, 5]
    assert greedy_balance(cells, 4) == [0, 1, 4, 5]


def crowding(cells: list[tuple[str, str]]) -> int:
    counts = [Counter(cell[part] for cell in cells) for part in (0, 1)]
    return max(counts[0][cell[0]] * counts[1][cell[1]] for cell in cells)


def test_a_balanced_choice_has_no_higher_share_than_a_random_one():
    rng = random.Random(0)
    for _ in range(30):
        cells = [(rng.choice("aaab"), rng.choice("xxxyz")) for _ in range(30)]

        balanced, at_random = (
            [cells[row] for row in rows] for rows in (greedy_balance(cells, 12), rng.sample(range(30), 12))
        )
        assert crowding(balanced) <= crowding(at_random)


def test_a_primer_is_all_that_is_learned_on_a_harmful_prompt():
    made = material({"kind": "primer"})
    built = primer.build(made)
    harmful = [row for row in built.rows if row["label"] == "harmful"]
    sentence = "People could be badly hurt if this gets out."
    assert [made.tokenizer.decode(row["completion_ids"]) for row in harmful] == [sentence] * 16
    assert built.counts["benign"] > 0
    assert made.tokenizer.eos_token_id not in harmful[0]["completion_ids"]
