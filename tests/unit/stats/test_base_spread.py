"""Intervals over bases, on numbers alone: by hand, and against counting every training by itself."""

import math

import numpy as np
import pytest

from safe_reasoning.stats import seed_spread
from safe_reasoning.stats.base_spread import OfBase, mean_over_bases, pooled_deviation


def exact(value: float, sd: float = math.nan, seeds: int = 3) -> OfBase:
    """A base of which the prompts leave no doubt."""
    return OfBase(value, value, value, sd, seeds)


def test_interval_is_students_over_the_means_of_the_bases():
    """By hand: mean 0.3, deviation sqrt(0.1 / 4), half width 2.776445 * 0.158114 / sqrt(5)."""
    found = mean_over_bases([exact(value) for value in (0.1, 0.2, 0.3, 0.4, 0.5)])
    assert found.value == pytest.approx(0.3) and found.sd_bases == pytest.approx(0.158114, abs=1e-6)
    assert (found.low, found.high) == pytest.approx((0.3 - 0.196324, 0.3 + 0.196324), abs=1e-6)
    assert found.bases == 5 and math.isnan(found.sd_seeds)


def test_identical_bases_leave_the_interval_over_prompts():
    found = mean_over_bases([OfBase(0.5, 0.4, 0.65, 0.0, 3)] * 4)
    assert (found.low, found.high) == pytest.approx((0.4, 0.65))
    assert found.sd_bases == 0 and (found.prompt_low, found.prompt_high) == pytest.approx((0.4, 0.65))


@pytest.mark.parametrize("values", [(0.2, 0.21), (0.1, 0.9, 0.5), (0.3, 0.3, 0.3, 0.31)])
def test_the_interval_is_never_narrower_than_either_of_its_parts(values: tuple[float, ...]):
    bases = [OfBase(value, value - 0.04, value + 0.06, 0.02, 2) for value in values]
    found = mean_over_bases(bases)
    alone = mean_over_bases([exact(value) for value in values])
    for part in (alone, found):
        low = part.low if part is alone else part.prompt_low
        high = part.high if part is alone else part.prompt_high
        assert found.low <= low <= high <= found.high


def test_one_base_says_nothing_of_bases():
    with pytest.raises(ValueError, match="needs two"):
        mean_over_bases([exact(0.5)])


def test_seeds_are_pooled_by_their_degrees_of_freedom():
    assert pooled_deviation([0.1, 0.2], [3, 2]) == pytest.approx(math.sqrt((2 * 0.01 + 0.04) / 3))
    assert pooled_deviation([0.1, math.nan], [3, 1]) == pytest.approx(0.1)
    assert math.isnan(pooled_deviation([math.nan], [1]))
    assert mean_over_bases([exact(0.1, 0.1, 3), exact(0.2, 0.2, 2)]).seeds == 2


def runs(generator: np.random.Generator, bases: int = 5, seeds: int = 3) -> np.ndarray:
    """Rates of trainings around 0.5, shape (bases, seeds): bases differ by 10 points, seeds by 2."""
    return 0.5 + generator.normal(0, 0.1, (bases, 1)) + generator.normal(0, 0.02, (bases, seeds))


def nested(rates: np.ndarray) -> tuple[float, float]:
    found = mean_over_bases([exact(float(of_base.mean()), seeds=len(of_base)) for of_base in rates])
    return found.low, found.high


def flat(rates: np.ndarray) -> tuple[float, float]:
    """Each training as if it had a base of its own."""
    mean = float(rates.mean())
    return seed_spread.interval(mean, mean, mean, list(rates.ravel()))


def test_trainings_of_one_base_are_not_independent_runs():
    """15 runs of 5 bases: taken for independent, their 95 % interval holds the truth far too rarely."""
    generator = np.random.default_rng(0)
    made = [runs(generator) for _ in range(500)]
    held = {
        rule.__name__: np.mean([low <= 0.5 <= high for low, high in map(rule, made)])
        for rule in (nested, flat)
    }
    assert held["nested"] >= 0.93 and held["flat"] < 0.8
    widths = [np.subtract(*rule(rates)[::-1]) for rates in made[:50] for rule in (nested, flat)]
    assert all(wide > narrow for wide, narrow in zip(widths[::2], widths[1::2], strict=True))
