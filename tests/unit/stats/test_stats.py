"""Intervals and tests against known values, and at their edges."""

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from safe_reasoning.stats import paired, rates

VALUES = st.lists(st.tuples(st.sampled_from([True, False, None]), st.sampled_from("abcde")), max_size=30)


def test_wilson_of_a_known_case() -> None:
    low, high = rates.wilson_interval(8, 10)
    assert (low, high) == (pytest.approx(0.4902, abs=1e-4), pytest.approx(0.9433, abs=1e-4))


def test_nothing_scored_is_nan_with_its_counts() -> None:
    assert all(map(math.isnan, rates.wilson_interval(0, 0)))
    for rate in (rates.simple_rate([None, None]), rates.clustered_rate([None, None], ["a", "b"])):
        assert math.isnan(rate.value) and math.isnan(rate.low) and math.isnan(rate.high)
        assert (rate.count, rate.clusters, rate.unscored) == (0, 0, 2)


def test_unscored_values_are_left_out_and_counted() -> None:
    rate = rates.clustered_rate([True, False, None, True], ["a", "a", "b", "c"])
    assert rate.value == pytest.approx(2 / 3)
    assert (rate.count, rate.clusters, rate.unscored) == (3, 2, 1)
    simple = rates.simple_rate([True, None, False])
    assert (simple.value, simple.count, simple.unscored) == (0.5, 2, 1)


@pytest.mark.parametrize("value", [True, False])
def test_equal_values_get_wilsons_interval_of_the_prompts_not_of_the_samples(value: bool) -> None:
    rate = rates.clustered_rate([value] * 30, list(range(10)) * 3)
    assert (rate.low, rate.high) == rates.wilson_interval(10 * value, 10)
    assert rate.count == 30 and rate.clusters == 10


@pytest.mark.parametrize("number", [1, 3, 9])
def test_few_harmful_prompts_do_not_narrow_wilsons_interval(number: int) -> None:
    """One harmful sample gave [0.0, 0.3] %, none [0.0, 1.9] %."""
    values = [sample == 0 and prompt < number for prompt in range(196) for sample in range(3)]
    prompts = [prompt for prompt in range(196) for _ in range(3)]
    for turned in (False, True):
        rate = rates.clustered_rate([value != turned for value in values], prompts)
        low, high = rates.wilson_interval(rate.value * 196, 196)
        assert rate.low <= low + 1e-9 and rate.high >= high - 1e-9 and rate.low <= rate.value <= rate.high


def test_many_differing_prompts_keep_their_bootstrap() -> None:
    values = [prompt < 10 for prompt in range(100)]
    rate = rates.clustered_rate(values, list(range(100)))
    assert rate.high < rates.wilson_interval(10, 100)[1] and rates.differing(np.array(values, float)) == 10


def test_a_small_set_makes_an_average_less_certain() -> None:
    assert rates.effective_number([100]) == pytest.approx(100)
    assert rates.effective_number([50, 50]) == pytest.approx(100)
    assert rates.effective_number([1000, 10]) < 40
    large, small = ([False] * 1000, list(range(1000))), ([False] * 10, list(range(10)))
    assert rates.mean_of_rates([large, small]).high > 0.05


def test_groups_may_weigh_differently() -> None:
    assert rates.effective_number([50, 50], [1, 0]) == pytest.approx(50)
    assert rates.effective_number([200, 1200, 600], [200, 1200, 600]) == pytest.approx(2000)  # as one set
    yes, no = ([True] * 30, list(range(30))), ([False] * 30, list(range(30)))
    weighted = rates.mean_of_rates([yes, no], weights=[3, 1])
    assert weighted.value == pytest.approx(0.75) and weighted.low < 0.75 < weighted.high
    mixed = ([n < 20 for n in range(60)], list(range(60)))
    assert rates.mean_of_rates([mixed, yes], weights=[1, 1]) == rates.mean_of_rates([mixed, yes])


def test_one_prompt_is_not_certainty() -> None:
    rate = rates.clustered_rate([True, False], ["a", "a"])
    assert rate.value == 0.5 and rate.low < 0.1 and rate.high > 0.9


def test_bootstrap_equals_a_plain_loop() -> None:
    """The multinomial form draws the same distribution as resampling clusters one by one."""
    generator = np.random.default_rng(3)
    clusters = np.repeat(np.arange(40), 3)
    values = generator.random(120) < np.repeat(generator.random(40), 3)
    rate = rates.clustered_rate(list(values), list(clusters), resamples=20_000)
    means = values.reshape(40, 3).mean(axis=1)
    plain = [means[generator.integers(0, 40, 40)].mean() for _ in range(20_000)]
    assert (rate.low, rate.high) == pytest.approx(
        tuple(np.quantile(plain, [0.025, 0.975])), abs=0.01
    )  # rates are multiples of 1/120


def test_interval_widens_when_samples_of_a_prompt_agree() -> None:
    values = [True, False] * 50
    apart = rates.clustered_rate(values, list(range(100)))
    together = rates.clustered_rate(values, [number % 10 for number in range(100)])
    assert together.high - together.low > apart.high - apart.low


def test_bootstrap_covers_the_truth_about_as_often_as_it_says() -> None:
    generator = np.random.default_rng(0)
    hits = 0
    for trial in range(200):
        chances = generator.beta(2, 3, size=60)
        values = (generator.random((60, 3)) < chances[:, None]).ravel()
        rate = rates.clustered_rate(
            list(values), list(np.repeat(np.arange(60), 3)), resamples=500, seed=trial
        )
        hits += rate.low <= 0.4 <= rate.high
    assert 0.89 <= hits / 200 <= 0.99


@given(VALUES)
def test_a_rate_lies_in_its_interval_and_repeats(samples: list[tuple[bool | None, str]]) -> None:
    values, clusters = [v for v, _ in samples], [c for _, c in samples]
    rate = rates.clustered_rate(values, clusters, resamples=200, seed=5)
    assert rate.count + rate.unscored == len(samples)
    if rate.count:
        # With few prompts the percentile interval may end at the rate itself, never short of it by more than rounding.
        assert 0 <= rate.low <= rate.value + 1e-9 and rate.value - 1e-9 <= rate.high <= 1
        assert rate == rates.clustered_rate(values, clusters, resamples=200, seed=5)


def test_mean_of_rates_weighs_groups_the_same() -> None:
    large, small = ([True] * 90 + [False] * 10, list(range(100))), ([False] * 10, list(range(10)))
    assert rates.mean_of_rates([large, small]).value == pytest.approx(0.45)
    assert math.isnan(rates.mean_of_rates([large, ([None], ["a"])]).value)


def paired_difference(ours: dict, theirs: dict) -> paired.Difference:
    """Of one seed and one group."""
    return paired.paired_difference([[(ours, theirs)]])


def test_paired_difference_against_all_sign_flips() -> None:
    differences = [0.5, 1.0, 0.0, 0.5, -0.5, 1.0, 1.0]
    found = paired_difference(
        {n: [max(d, 0)] for n, d in enumerate(differences)},
        {n: [max(-d, 0)] for n, d in enumerate(differences)},
    )
    flips = [np.mean(np.multiply(signs, differences)) for signs in product([1, -1], repeat=7)]
    larger = np.mean([mean >= np.mean(differences) - 1e-12 for mean in flips])
    assert found.value == pytest.approx(np.mean(differences)) and found.clusters == 7
    assert found.p_value == pytest.approx(min(1, 2 * larger))


def test_paired_difference_pairs_by_prompt() -> None:
    ours = {"a": [True, True], "b": [None], "c": [True], "only ours": [True]}
    theirs = {"c": [False], "b": [True], "a": [True, False], "only theirs": [True]}
    found = paired_difference(ours, theirs)
    assert found.value == pytest.approx(0.75) and found.clusters == 2


def test_no_difference_is_not_certainty() -> None:
    same = {number: [False] for number in range(20)}
    found = paired_difference(same, same)
    assert (found.value, found.p_value) == (0, 1)
    assert found.low < -0.1 and found.high > 0.1
    assert math.isnan(paired_difference({}, same).value)


def newcombe(better: int, worse: int, number: int) -> tuple[float, float]:
    """Square-and-add of two Wilson intervals, written out."""
    up, down = better / number, worse / number
    up_low, up_high = rates.wilson_interval(better, number)
    down_low, down_high = rates.wilson_interval(worse, number)
    half = math.hypot(up - up_low, down_high - down), math.hypot(up_high - up, down - down_low)
    return up - down - half[0], up - down + half[1]


@pytest.mark.parametrize(("better", "worse"), [(0, 0), (1, 0), (0, 3), (4, 5)])
def test_few_differing_prompts_do_not_narrow_newcombes_interval(better: int, worse: int) -> None:
    ours = {n: [n < better] for n in range(100)}
    theirs = {n: [better <= n < better + worse] for n in range(100)}
    found, (low, high) = paired_difference(ours, theirs), newcombe(better, worse, 100)
    assert found.low <= low + 1e-9 and found.high >= high - 1e-9
    assert found.value == pytest.approx((better - worse) / 100)


def test_what_both_methods_do_alike_does_not_widen_their_difference() -> None:
    always, half = {n: [True] for n in range(80)}, {n: [n % 2 == 0] for n in range(80)}
    first, second = paired_difference(always, always), paired_difference(half, half)
    assert (first.low, first.high) == (pytest.approx(second.low), pytest.approx(second.high))


def test_holm() -> None:
    adjusted = paired.holm([0.01, math.nan, 0.04, 0.03])
    assert adjusted[0] == pytest.approx(0.03) and math.isnan(adjusted[1])
    assert adjusted[2] == adjusted[3] == pytest.approx(0.06)
    assert paired.holm([]) == []
