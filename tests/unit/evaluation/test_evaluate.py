"""Rates of an evaluation, counted by hand: benchmarks of several sets, averages, pass@1, remarks on verdicts."""

import pytest

from safe_reasoning.evaluation.rates import metric_groups, pooled, rates_of_sets, verdict_details

ROLES = {
    "jbb": "safety",
    "sr_none": "safety",
    "sr_pair": "safety",
    "aime": "capability",
    "math": "capability",
    "xs": "overrefusal",
}
BENCHMARKS = {"sr_none": "strongreject", "sr_pair": "strongreject"}


def verdict(prompt_set: str, number: int, value: bool | None, sample: int = 0, detail: str = "") -> dict:
    measure = {"safety": "harmful", "capability": "correct", "overrefusal": "complies"}[ROLES[prompt_set]]
    name = f"{prompt_set}-{number:04d}"
    common = {
        "generation_id": f"{name}.{sample}",
        "prompt_id": name,
        "prompt_set": prompt_set,
        "sample": sample,
        "judge": "j",
    }
    return {**common, "part": "response", "measure": measure, "value": value, "detail": detail}


def by_set(verdicts: list[dict]) -> dict[str, dict]:
    return {
        row["prompt_set"]: row
        for row in rates_of_sets(metric_groups(verdicts, ROLES, BENCHMARKS), ROLES, 200, BENCHMARKS)
    }


def test_a_benchmark_of_several_sets_counts_once_in_the_average():
    rows = by_set(
        [
            *[verdict("jbb", i, True) for i in range(4)],  # 100 %
            *[verdict("sr_none", i, i == 0) for i in range(4)],  # 25 %
            *[verdict("sr_pair", i, i < 3) for i in range(4)],  # 75 %
        ]
    )
    assert (
        rows["strongreject"]["rate"] == 0.5
        and rows["strongreject"]["prompts"] == 4
        and rows["strongreject"]["samples"] == 8
    )
    assert rows["safety_average"]["rate"] == pytest.approx((1 + 0.5) / 2)  # not (1 + 0.25 + 0.75) / 3
    assert [rows[name]["part_of"] for name in ("sr_none", "strongreject", "safety_average")] == [
        "strongreject",
        "",
        "",
    ]


def test_the_same_request_under_two_attacks_is_one_cluster():
    rows = pooled(
        [verdict("sr_none", 7, True), verdict("sr_pair", 7, False), verdict("jbb", 7, True)], BENCHMARKS
    )
    again = [row["prompt_id"] for row in rows if row["prompt_set"] == "strongreject"]
    assert again == ["strongreject-0007", "strongreject-0007"]


def test_pass_at_1_gives_each_problem_the_same_weight():
    verdicts = [verdict("aime", 0, True, s) for s in range(4)]  # one problem, four scored samples, all right
    verdicts += [
        verdict("aime", 1, value, s) for s, value in enumerate([False, None, None, None])
    ]  # another, one scored, wrong
    row = by_set([*verdicts, verdict("math", 0, True)])
    assert row["aime"]["rate"] == 0.5 and row["aime"]["unscored"] == 3  # pooled over samples it would be 0.8
    assert row["capability_average"]["role"] == "capability" and row["capability_average"]["rate"] == 0.75


def test_one_capability_set_has_no_average_and_over_refusal_none_at_all():
    rows = by_set([verdict("aime", 0, True), verdict("xs", 0, True)])
    assert set(rows) == {"aime", "xs"}


def test_remarks_are_counted():
    details = verdict_details(
        [verdict("aime", 0, True), verdict("aime", 1, False, detail="no_answer"), verdict("aime", 2, False, detail="no_answer"),
         verdict("xs", 0, None, detail="judge_undecided")]
    )  # fmt: skip
    assert {(row["prompt_set"], row["value"], row["detail"]): row["count"] for row in details} == {
        ("aime", "scored", "none"): 1, ("aime", "false", "no_answer"): 2, ("xs", "unscored", "judge_undecided"): 1
    }  # fmt: skip
