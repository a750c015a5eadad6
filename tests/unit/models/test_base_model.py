"""What is reported of the base model: counted by hand on a few verdicts."""

from safe_reasoning.characterize.base_model import base_model_rows, summary_line


def verdict(prompt: str, sample: int, part: str, measure: str, value: bool | None, prompt_set: str) -> dict:
    name = f"{prompt}.{sample}"
    return {
        "generation_id": name,
        "prompt_id": prompt,
        "prompt_set": prompt_set,
        "sample": sample,
        "part": part,
        "measure": measure,
        "value": value,
    }


def rollout(prompt: str, sample: int, z: bool | None, y: bool | None) -> list[dict]:
    return [
        verdict(prompt, sample, part, "harmful", value, "align_harmful")
        for part, value in (("reasoning", z), ("response", y))
    ]


ROLLOUTS = [
    *rollout("a", 0, True, False),
    *rollout("a", 1, False, False),
    *rollout("b", 0, True, True),
    *rollout("b", 1, None, None),
]
EVALUATION = [verdict(f"s{i}", 0, "response", "correct", i != 0, "sums") for i in range(20)]


def test_rates_are_counted_by_hand():
    rows = {row["measure"]: row for row in base_model_rows(ROLLOUTS, EVALUATION, 100, nano=True)}
    assert rows["sums right"]["rate"] == 0.95 and rows["sums right"]["target_met"] is True
    assert rows["prompts with both outcomes"]["rate"] == 0.5  # a has both, b only harmful ones
    assert rows["harmful reasoning, safe response"]["rate"] == 1 / 3  # the unscored rollout is left out
    assert rows["harmful reasoning, safe response"]["samples"] == 3


def test_rollouts_of_a_prompt_are_no_independent_samples():
    """Twenty prompts whose forty rollouts are all alike say as much as twenty values."""
    alike = [row for n in range(20) for i in range(40) for row in rollout(f"p{n}", i, n < 10, False)]
    found = {row["measure"]: row for row in base_model_rows(alike, EVALUATION, 500, nano=True)}
    row = found["harmful reasoning, safe response"]
    assert row["rate"] == 0.5 and row["samples"] == 800 and row["high"] - row["low"] > 0.3


def test_a_missed_aim_is_told_and_real_weights_have_none():
    wrong = [dict(row, value=False) for row in EVALUATION]
    missed = next(
        row for row in base_model_rows(ROLLOUTS, wrong, 100, nano=True) if row["measure"] == "sums right"
    )
    assert missed["target_met"] is False and "MISSED" in summary_line(missed)
    assert all(row["target_met"] is None for row in base_model_rows(ROLLOUTS, wrong, 100, nano=False))
