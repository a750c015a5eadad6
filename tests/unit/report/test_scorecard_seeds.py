"""The scorecard over training seeds and many comparisons."""

from pathlib import Path

import pytest
from scipy import stats as scipy_stats

from safe_reasoning.report.claims import estimates, scorecard
from safe_reasoning.report.claims.verdicts import verdict
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


def effect(value: float, half: float, **more: object) -> estimates.Effect:
    """An effect with a symmetrical interval over two seeds."""
    return estimates.Effect(estimates.Estimate(value, value - half, value + half, seeds=2), "", **more)


def test_a_claim_is_refuted_when_all_plain_intervals_disagree():
    """With two seeds Bonferroni's intervals are three times as wide: -77 points stayed within noise."""
    far = [effect(-0.77, 0.26), effect(-0.77, 0.31), effect(-0.78, 0.29)]
    assert all(one.estimate.simultaneous(3).high > 0 for one in far)
    assert verdict(far, 0.0) == "not reproduced"
    assert verdict([*far[:2], effect(-0.1, 0.3)], 0.0) == "within noise"
    assert verdict([effect(-2.0, 0.26), effect(0.5, 0.1), effect(0.5, 0.1)], 0.0) == "not reproduced"
    assert verdict([], 0.0) == "not run"


def test_what_is_missing_gives_no_verdict_and_hides_no_refutation():
    good, bad = effect(0.5, 0.1), effect(-2.0, 0.1)
    few, unscored = effect(0.5, 0.1, too_few=True), effect(0.5, 0.1, unscored=0.06)
    assert verdict([good, effect(0.5, 0.1, unscored=0.05)], 0.0) == "reproduced"
    assert verdict([good, unscored], 0.0) == verdict([few], 0.0) == "too few to decide"
    assert verdict([unscored, bad], 0.0) == "not reproduced"
    assert verdict([effect(-0.2, 0.1, unscored=0.06), effect(-0.2, 0.1)], 0.0) == "too few to decide"


def test_an_effect_is_worth_no_more_than_what_stands_beside_it():
    for limit in ("not reproduced", "too few to decide", "within noise", "reproduced"):
        assert verdict([effect(0.5, 0.1, at_most=limit), effect(0.5, 0.1)], 0.0) == limit
