"""The scorecard over training seeds and many comparisons."""

from pathlib import Path

import pytest
from scipy import stats as scipy_stats

from safe_reasoning.report.claims import estimates, scorecard
from tests.support.metrics_fixture import write_metrics


def test_many_comparisons_make_refuting_harder_and_reproducing_no_easier():
    low, high = (estimates.Estimate(value, value - 0.1, value + 0.1) for value in (-0.11, 0.11))
    assert scorecard.judge(low, 0.0) == "not reproduced" and scorecard.judge(low, 0.0, 4) == "within noise"
    assert scorecard.judge(high, 0.0) == scorecard.judge(high, 0.0, 4) == "reproduced"
    wide = estimates.Estimate(0.0, -1.0, 1.0, seeds=3).simultaneous(4)
    assert (
        wide.high == pytest.approx(scipy_stats.t.ppf(1 - 0.025 / 4, 2) / scipy_stats.t.ppf(0.975, 2))
        and wide.low == -wide.high
    )


def test_scorecard_says_that_it_rests_on_one_seed(tmp_path: Path):
    card = scorecard.score(write_metrics(tmp_path)).set_index("id")["rests on"]
    assert (
        card["ipo_best_reasoning"].startswith("one training seed")
        and card["turning_points"] == "the base model alone"
    )
