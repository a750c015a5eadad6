"""Costs: pairs by seed, and seconds of the steps of a run."""

from pathlib import Path

import pytest

from safe_reasoning.core.errors import UserError
from safe_reasoning.core.files import write_json
from safe_reasoning.core.run_layout import Variant
from safe_reasoning.evaluation.costs import budgets, efficiency, pair_counts
from safe_reasoning.evaluation.steps import step_of, steps


def test_pairs_that_each_seed_has_anew_are_told_apart():
    files = {"natural": {"schema": "pairs", "source": "natural", "rows": 5}}
    files |= {
        f"overrefusal_seed{seed}": {"schema": "pairs", "source": "overrefusal", "rows": 3 + seed}
        for seed in (0, 1)
    }
    found = [(row["source"], row["seed"], row["pairs"]) for row in pair_counts(files)]
    assert found == [("natural", "", 5), ("overrefusal", "0", 3), ("overrefusal", "1", 4)]


ROLLOUTS = {"generations": 1176, "generated_tokens": 11760, "sampling_seconds": 117.6}
FILES = {
    "intervened": {"source": "intervened", "prompts": 120, "rows": 400, "generations": 1252,
                   "generated_tokens": 60000, "sampling_seconds": 9.0, "attempts": 720},
    "overrefusal": {"source": "overrefusal", "prompts": 108, "rows": 30, "generations": 216,
                    "generated_tokens": 16000, "sampling_seconds": 2.0, "attempts": 216},
    "natural": {"source": "natural", "prompts": 120, "rows": 190, "attempts": 960},
}  # fmt: skip


def costs_of(method: str, *stems: str, **training: float) -> dict:
    """The row of one method."""
    variant = Variant(method, 0)
    stage1 = {Variant("ipo_stage2", 0): {"seconds": 17.5}}
    (row,) = efficiency({variant: {"seconds": 4.7, **training}}, {variant: stems}, FILES, ROLLOUTS, stage1)
    return row


def test_both_stages_hold_the_training_of_the_first():
    assert costs_of("ipo", "intervened")["training_seconds"] == 4.7
    assert costs_of("ipo_stage2", "intervened", "overrefusal")["training_seconds"] == pytest.approx(22.2)


def test_natural_pairs_pay_for_rollouts_of_harmful_prompts_alone():
    row = costs_of("dpo_natural", "natural")
    assert row["generations"] == 960 and row["generations_per_prompt"] == 8.0
    assert row["generated_tokens"] == 9600 and row["sampling_seconds"] == pytest.approx(96.0)


def test_generations_are_divided_by_harmful_prompts():
    """A second stage costs no less a prompt than its first."""
    first, both = costs_of("ipo", "intervened"), costs_of("ipo_stage2", "intervened", "overrefusal")
    assert first["generations_per_prompt"] == pytest.approx(1252 / 120)
    assert both["generations"] == 1252 + 216 + 216  # stage 1's answers, and the base's
    assert both["generations_per_prompt"] == pytest.approx(1684 / 120)
    assert costs_of("grpo_zy", prompts=40, generations=320)["generations_per_prompt"] == 8.0
    assert costs_of("sft_safe")["generations_per_prompt"] is None


def test_steps_add_up_files_of_one_kind(tmp_path: Path):
    write_json(tmp_path / "models/m/base/training.json", {"seconds": 10.0})
    for method, seconds in (("ipo", 2.0), ("sft", 3.0)):
        write_json(
            tmp_path / f"models/m/{method}/seed0/training.json", {"seconds": seconds, "generations": 5}
        )
    write_json(
        tmp_path / "pairs/m/natural.parquet.meta.json", {"sampling_seconds": 1.5, "generated_tokens": 7}
    )
    files = [*sorted(tmp_path.rglob("training.json")), tmp_path / "pairs/m/natural.parquet"]
    found = {row["step"]: row for row in steps(files)}
    assert found["training"] == {
        "step": "training",
        "files": 2,
        "generations": 10,
        "generated_tokens": 0,
        "seconds": 5.0,
    }
    assert found["base model"]["seconds"] == 10.0 and found["pairs"]["generated_tokens"] == 7
    with pytest.raises(UserError, match="belongs to no step"):
        step_of(tmp_path / "other.parquet")


def test_budgets_count_the_tokens_that_went_through_a_training():
    """25 steps of 8 rows from 100 rows of 60 tokens on average: two passes, 12,000 tokens."""
    settings = {"batch_size": 8, "learning_rate": 1e-4}
    pairs = {"settings": settings, "steps": 25, "examples": 100, "tokens": 6000}
    grpo = {"settings": {**settings, "batch_size": 32}, "steps": 5, "generated_tokens": 700, "examples": 9}
    nothing = {"settings": settings, "steps": 0}
    trained = {Variant("ipo", 0): pairs, Variant("grpo_y", 0): grpo, Variant("ipo_stage2", 0): nothing}
    rows = [
        {
            **variant._asdict(),
            "generations": 3,
            "generated_tokens": 50,
            "sampling_seconds": 1.5,
            "training_seconds": 2.0,
        }
        for variant in trained
    ]
    ipo, rl, second = budgets(rows, trained, {Variant("ipo_stage2", 0): pairs})
    assert (ipo["steps"], ipo["trained_tokens"], ipo["seconds"]) == (25, 12_000, 3.5)
    assert (rl["trained_tokens"], rl["rows_per_step"]) == (700, 32)
    assert (second["steps"], second["trained_tokens"]) == (25, 12_000), "a second stage holds the first"
