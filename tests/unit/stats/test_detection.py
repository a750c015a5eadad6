"""TPR, TNR, their product, AUROC and TPR at a false positive rate: known answers, coverage of ties."""

import numpy as np
import pytest

from safe_reasoning.stats.detection import monitor_rates, ranking


def prompts(count: int) -> list[str]:
    return [f"p{number}" for number in range(count)]


def test_rates_of_a_monitor_by_hand():
    positive = [True] * 4 + [False] * 6
    found = [True, True, True, False] + [False] * 3 + [True] * 3
    rates = monitor_rates(found, positive, prompts(10), resamples=200)
    assert rates["tpr"].value == 0.75 and rates["tnr"].value == 0.5 and rates["gmean2"].value == 0.375
    assert (rates["tpr"].count, rates["tnr"].count, rates["gmean2"].count) == (4, 6, 10)
    assert all(rate.low < rate.value < rate.high for rate in rates.values())


@pytest.mark.parametrize("p", [0.2, 0.5, 0.9])
def test_a_monitor_that_guesses_has_p_times_1_minus_p(p: float):
    rng = np.random.default_rng(0)
    positive, found = rng.random(40_000) < 0.3, rng.random(40_000) < p
    rates = monitor_rates(list(found), list(positive), prompts(40_000), resamples=100)
    assert rates["gmean2"].value == pytest.approx(p * (1 - p), abs=0.01)


@pytest.mark.parametrize("says", [True, False])
def test_a_monitor_that_always_says_the_same_has_none(says: bool):
    rates = monitor_rates([says] * 10, [True] * 5 + [False] * 5, prompts(10), resamples=100)
    assert rates["gmean2"].value == 0


def test_without_positives_nothing_is_known():
    rates = monitor_rates([True, False], [False, False], prompts(2), resamples=100)
    assert np.isnan(rates["tpr"].value) and np.isnan(rates["gmean2"].value) and rates["tnr"].value == 0.5
    found = ranking([0.1, 0.2], [False, False], prompts(2), resamples=100)
    assert all(np.isnan(rate.value) for rate in found.values())


def test_ranking_by_hand():
    # Positives at 4, 3, 2; negatives at 3, 1, 0, 0: of 12 pairs 10 are right, one is a tie
    scores, positive = [4, 3, 2, 3, 1, 0, 0], [True] * 3 + [False] * 4
    found = ranking(scores, positive, prompts(7), resamples=200)
    assert found["auroc"].value == pytest.approx(10.5 / 12)
    assert found["tpr_at"].value == pytest.approx(1 / 3), "no negative may be found, so above 3"
    # A quarter of them may: above 1
    assert ranking(scores, positive, prompts(7), at=0.25)["tpr_at"].value == pytest.approx(1.0)


def test_ranking_agrees_with_scikit_learn_and_a_search_over_thresholds():
    from sklearn.metrics import roc_auc_score

    rng = np.random.default_rng(1)
    positive = rng.random(300) < 0.4
    scores = np.round(rng.normal(size=300) + positive, 1)  # with ties
    found = ranking(list(scores), list(positive), [f"p{n // 3}" for n in range(300)], resamples=300)
    assert found["auroc"].value == pytest.approx(roc_auc_score(positive, scores))
    allowed = [t for t in {-9.0, *scores} if (scores[~positive] > t).mean() <= 0.05]
    assert found["tpr_at"].value == pytest.approx(max((scores[positive] > t).mean() for t in allowed))
    for rate in found.values():
        assert 0 <= rate.low < rate.value < rate.high <= 1 and rate.clusters == 100


def test_a_perfect_ranking_of_few_is_not_certain():
    found = ranking([1.0] * 5 + [0.0] * 5, [True] * 5 + [False] * 5, prompts(10), resamples=200)
    for rate in found.values():
        assert rate.value == rate.high == 1 and rate.low == pytest.approx(0.566, abs=0.001)  # Wilson, 5 of 5


def test_samples_of_one_prompt_count_as_one():
    """Copies of each sample change no value, and no interval."""
    rng = np.random.default_rng(2)
    positive = list(rng.random(80) < 0.5)
    scores = [float(s) for s in rng.normal(size=80) + np.array(positive)]
    once = ranking(scores, positive, prompts(80), resamples=500)
    thrice = ranking(scores * 3, positive * 3, prompts(80) * 3, resamples=500)
    for name in once:
        assert once[name].value == pytest.approx(thrice[name].value)
        assert once[name].low == pytest.approx(thrice[name].low)
        assert once[name].high == pytest.approx(thrice[name].high)
