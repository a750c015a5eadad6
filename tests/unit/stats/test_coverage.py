"""Intervals of small rates hold the truth about as often as they say; a small version of the table in
docs/statistics.md."""

import re

import numpy as np
import pytest
from scipy.stats import binom

from safe_reasoning.stats.rates import clustered_rate, wilson_interval
from tests.support.paths import ROOT
from tools.simulate_coverage import KINDS, RATES, agreement, before, coverage, held_on_items


@pytest.mark.parametrize("rate", [0.005, 0.01])
def test_small_rates_and_their_differences_are_covered(rate: float):
    of_kind = dict(zip(KINDS, coverage(rate, runs=60), strict=True))
    assert all(held >= 0.93 for held, _ in of_kind.values()), of_kind


@pytest.mark.long
def test_the_bootstrap_alone_covers_too_little():
    with before():
        held, width = coverage(0.01, runs=60)[0]
    assert held < 0.93 and width < coverage(0.01, runs=60)[0][1]


def test_the_page_says_what_the_rule_buys():
    """Coverage before and after of every rate, at least 95 % after where few prompts differ."""
    block = (ROOT / "docs/statistics.md").read_text().split("<!-- coverage -->")[1].split("<!-- end -->")[0]
    rows = [line.strip("| ").split(" | ") for line in block.strip().splitlines()[2:]]
    shares = {float(row[0]): [float(re.match(r"[\d.]+", cell)[0]) for cell in row[1:]] for row in rows}
    assert list(shares) == [100 * rate for rate in RATES]
    assert all(min(shares[rate][1::2]) >= 95 for rate in (0.2, 0.5, 1.0, 2.0))
    assert shares[1.0][0] < 90


def test_an_interval_speaks_for_the_items_that_were_asked_about():
    these, every = held_on_items(3, runs=80)
    assert these >= 0.9 and every < 0.75


def test_agreement_of_samples_of_one_item_is_known():
    generator = np.random.default_rng(0)
    items = [f"item{n % 40}" for n in range(4000)]
    chances = dict(zip(sorted(set(items)), generator.beta(2, 2, 40), strict=True))  # correlation 1 / 5
    alike = [float(generator.random() < chances[item]) for item in items]
    assert agreement(alike, items) == pytest.approx(0.2, abs=0.05)
    assert agreement([float(generator.random() < 0.5) for _ in items], items) == pytest.approx(0, abs=0.02)


@pytest.mark.parametrize("count", [20, 50, 200])
def test_wilsons_interval_covers_as_often_as_it_says(count: int):
    """Exactly, over all outcomes: near 95 % on average, and never far below away from 0 and 1."""
    intervals = [wilson_interval(successes, count) for successes in range(count + 1)]
    covered = []
    for rate in np.linspace(0.05, 0.95, 91):
        held = [low <= rate <= high for low, high in intervals]
        covered.append(float(binom.pmf(range(count + 1), count, rate) @ held))
    assert 0.945 < np.mean(covered) < 0.96 and min(covered) > 0.9, (np.mean(covered), min(covered))


def test_the_interval_of_clustered_samples_covers_at_a_middle_rate():
    """Prompts that differ: treating their samples as independent would cover far too seldom."""
    held, naive, generator = 0, 0, np.random.default_rng(0)
    for run in range(300):
        chances = generator.beta(0.8, 0.8, 60)
        values = [bool(value) for value in (generator.random((8, 60)) < chances).ravel()]
        rate = clustered_rate(values, [*range(60)] * 8, resamples=300, seed=run)
        held += rate.low <= 0.5 <= rate.high
        low, high = wilson_interval(sum(values), len(values))
        naive += low <= 0.5 <= high
    assert 0.91 <= held / 300 <= 0.985 and naive / 300 < 0.75, (held / 300, naive / 300)
