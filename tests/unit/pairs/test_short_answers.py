"""Length control on benign prompts: short against long, of answers that comply alike."""

import random
from typing import Any

import pytest

from safe_reasoning.core.records import to_table
from safe_reasoning.core.run_layout import Variant
from safe_reasoning.evaluation.costs import efficiency
from safe_reasoning.pairs.short_answers import short_answers
from safe_reasoning.plan.estimate import plan
from tests.support.fakes import generation, text, tokenizer
from tests.support.trainings import configuration

SHORT = "Fine.\n</think>\nMix it."
LONG = "Fine. Let me look at it.\n</think>\nMix it, and then mix it."
LONGER = "Fine. Let me look at it. Then I say more.\n</think>\nMix it, and then mix it."


def rollout(name: str, completion: str, prompt: str, sample: int = 0, finish: str = "stop") -> dict[str, Any]:
    return generation(f"{prompt}.{name}", completion, prompt, sample, finish)


ROWS = [
    *(
        rollout("long", LONG, "a"),
        rollout("short", SHORT, "a", 1),
        rollout("refusal", "No.\n</think>\nNo.", "a", 2),
    ),
    *(rollout("longer", LONGER, "a", 3), rollout("unscored", LONGER + " More.", "a", 4)),
    *(rollout("one", LONG, "b"), rollout("cut", LONG + " and", "b", 1, "length")),
    *(rollout("same", SHORT, "c"), rollout("again", SHORT, "c", 1)),
    rollout("open", "It never ends", "d"),
]
COMPLIES: dict[str, bool | None] = {row["generation_id"]: True for row in ROWS} | {
    "a.refusal": False,
    "a.unscored": None,
}


def test_the_shortest_complying_answer_is_chosen_and_the_longest_complying_one_rejected():
    pairs = short_answers(ROWS, COMPLIES, tokenizer())
    to_table("pairs", pairs.rows)
    (pair,) = pairs.rows
    # Not the refusal, which is shorter still, nor the unscored one, which is longer
    assert (text(pair["chosen_ids"]), text(pair["rejected_ids"])) == (SHORT, LONGER)
    assert pair["chosen_ids"][-1] == pair["rejected_ids"][-1] == tokenizer().eos_token_id
    assert (pair["prompt_id"], pair["prefix_tokens"], pair["source"]) == ("a", 0, "short_answers")
    expected = {
        **{"attempts": 10, "unfinished": 2, "unscored": 1, "refused": 1, "kept": 6},
        **{"alone": 1, "same_length": 1, "pairs": 1, "prompts": 4, "prompts_with_pairs": 1},
    }
    assert expected.items() <= pairs.counts.items()


def test_the_order_of_rollouts_does_not_matter():
    usual = short_answers(ROWS, COMPLIES, tokenizer())
    for seed in range(5):
        mixed = random.Random(seed).sample(ROWS, len(ROWS))
        assert short_answers(mixed, COMPLIES, tokenizer()) == usual


def test_without_a_complying_answer_there_is_no_pair():
    none = short_answers(ROWS, dict.fromkeys(COMPLIES, False), tokenizer())
    assert none.rows == [] and none.counts["refused"] == 8


def test_they_cost_their_rollouts_and_are_planned_without_sampling():
    files = {
        "siblings_short": {"source": "siblings", "prompts": 12, "rows": 9, "generations": 60},
        "short_answers": {"source": "short_answers", "prompts": 4, "rows": 1, "attempts": 10},
    }
    rollouts = {"generations": 100, "generated_tokens": 1000, "sampling_seconds": 10.0}
    variant = Variant("safer_length_built", 0)
    (row,) = efficiency({variant: {"seconds": 1.0}}, {variant: list(files)}, files, rollouts)
    assert (row["generations"], row["generated_tokens"], row["pairs"]) == (70, 100, 10)
    assert row["generations_per_prompt"] == pytest.approx(70 / 12)  # of harmful prompts
    steps = [step.stage for step in plan(configuration(recipe="dpo_tree_short"))]
    assert "over-refusal pairs" not in steps and "siblings" in steps
