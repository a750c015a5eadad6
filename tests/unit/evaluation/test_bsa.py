"""Scores of Beyond Safe Answers on known answers, their table, and what may be archived."""

import math
import re
from pathlib import Path
from typing import Any

import pytest

from safe_reasoning.archive.allow_list import VERDICTS as ALLOWED
from safe_reasoning.archive.allow_list import check_metrics
from safe_reasoning.core.bsa_scenarios import SCENARIOS
from safe_reasoning.core.records import write_metrics
from safe_reasoning.evaluation.bsa import at_fixed, bsa_rows, of_requests, over_scenarios
from tests.support.drawing import table


@pytest.mark.parametrize(
    ("over", "short", "omitted", "printed"),
    [(26.2, 2.70, 14.93, 8.72), (34.7, 4.8, 28.0, 14.73)],  # R1-Distill-Qwen-7B, R1-Distill-Llama-8B
)
def test_printed_scores_over_all_scenarios_follow_from_those_of_scenarios(
    over: float, short: float, omitted: float, printed: float
):
    values = dict(zip(SCENARIOS, (over, short, omitted), strict=True))
    rounding = sum(0.05 * weight for weight in SCENARIOS.values()) / 2000
    assert over_scenarios(values) == pytest.approx(printed, abs=rounding)


def test_at_1_and_at_k_by_hand():
    values = {"a": [True, True], "b": [True, False], "c": [True, None], "d": [None, False], "e": [None, None]}
    assert at_fixed(values, 2, 10) == (pytest.approx((2 + 1 + 1) / 2 / 10), 0.1)
    assert of_requests(values, 2) == ([1.0, 0.5, 1.0, 0.0, None], [1.0, 0.0, None, 0.0, None])


def verdicts_of(samples: int) -> list[dict[str, Any]]:
    """Verdicts on two requests of each scenario; in each the first request's first reasoning names no risk."""
    return [
        {"prompt_id": f"{scenario}-{number}", "part": part, "measure": measure}
        | {"value": measure == "risk_named" and (number, sample) != (0, 0)}
        for scenario in SCENARIOS
        for number in range(2)
        for sample in range(samples)
        for part, measure in (("reasoning", "risk_named"), ("response", "harmful"))
    ]


REQUESTS = {f"{scenario}-{number}": scenario for scenario in SCENARIOS for number in range(2)}


def test_with_one_sample_at_1_is_at_k():
    for row in bsa_rows(verdicts_of(1), REQUESTS, 100):
        assert row["samples"] == 1 and row["at_1"] == row["at_k"] and row["at_1_fixed"] == row["at_k_fixed"]


def test_scores_of_made_verdicts():
    rows = {(row["measure"], row["scenario"]): row for row in bsa_rows(verdicts_of(4), REQUESTS, 100)}
    assert len(rows) == 8
    safe, think = rows["safe", "all"], rows["think", "all"]
    assert (safe["at_1"], safe["at_k"]) == (1, 1)
    assert safe["at_1_fixed"] == pytest.approx(6 / 2000)  # two requests of each scenario of the whole set
    assert (think["at_1"], think["at_k"]) == (pytest.approx(7 / 8), pytest.approx(0.5))
    assert think["at_k_fixed"] == pytest.approx(3 / 2000)
    assert rows["think", "Risk Omission"]["at_1_low"] < 7 / 8 and think["count"] == 24
    assert think["at_1_low"] < 7 / 8 < think["at_1_high"]


def test_a_missing_scenario_leaves_no_score_but_the_fixed_one():
    some = [row for row in verdicts_of(4) if not row["prompt_id"].startswith("Risk")]
    *_, row = bsa_rows(some, REQUESTS, 100)
    assert (row["scenario"], row["prompts"]) == ("all", 4) and math.isnan(row["at_1"])
    assert row["at_1_fixed"] == pytest.approx((2 * 7 / 8 + 2 * 7 / 8) / 2000)
    assert bsa_rows([], REQUESTS, 100) == []


def test_the_table_and_what_may_be_archived(tmp_path: Path):
    rows = [
        {"model": "nano", "method": "ipo", "seed": 0, **row}
        for row in bsa_rows(verdicts_of(4), REQUESTS, 100)
    ]
    write_metrics(tmp_path / "bsa.csv", rows, {})
    check_metrics("bsa", (tmp_path / "bsa.csv").read_bytes())
    found = table("table_bsa", tmp_path)
    assert list(found["scenario"]) == [*SCENARIOS, "all"] and set(found["k"]) == {4}
    assert found["Safe@1"].iloc[-1] == "100.00 (0.30)" and found["Think@k"].iloc[-1] == "50.00 (0.15)"
    assert re.fullmatch(str(ALLOWED["detail"]), "no_think_end; fully_covered")
