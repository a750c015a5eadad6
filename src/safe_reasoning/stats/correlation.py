"""Pearson's r for few points with ties.

Fisher's interval supposes two normal variables. Positions of cues and turning points are few,
coarse and skewed: seven points with two values on one axis can give r = 0.97 [0.82, 1.00] where
one order of the points in seven gives as much. So the p-value is of a permutation test, the
interval is a bootstrap's over points, and with too few distinct values there is neither.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from safe_reasoning.stats.rates import NAN
from safe_reasoning.stats.seed_spread import LEVEL

# Fewer on either axis say whether points lie in two or three heaps, not whether one goes with the
# other
ENOUGH_DISTINCT = 4
PERMUTATIONS, RESAMPLES = 9_999, 5_000


@dataclass(frozen=True)
class Correlation:
    """Pearson's r of `count` points with its 95 % bootstrap interval and the two-sided p-value of a
    permutation test.
    """

    r: float
    low: float
    high: float
    p_value: float
    count: int


def pearson(x: Sequence[float], y: Sequence[float], *, seed: int = 0) -> Correlation:
    """Pearson's r. All NaN with fewer than ENOUGH_DISTINCT distinct values on either axis.

    Args:
        x: one value a point.
        y: likewise.
        seed: of permutations and bootstrap.
    """
    if len(x) != len(y):
        raise ValueError(f"{len(x)} x values for {len(y)} y values")
    if min(len(set(x)), len(set(y))) < ENOUGH_DISTINCT:
        return Correlation(NAN, NAN, NAN, NAN, len(x))
    first, second = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    from scipy import stats as scipy_stats

    tested = scipy_stats.pearsonr(
        first,
        second,
        method=scipy_stats.PermutationMethod(n_resamples=PERMUTATIONS, rng=np.random.default_rng(seed)),
    )
    drawn = np.random.default_rng(seed).integers(0, len(first), (RESAMPLES, len(first)))
    low, high = np.nanquantile(_r(first[drawn], second[drawn]), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Correlation(float(tested.statistic), float(low), float(high), float(tested.pvalue), len(first))


def _r(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Pearson's r of each row; NaN where one side does not vary."""
    x, y = x - x.mean(axis=1, keepdims=True), y - y.mean(axis=1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((x * y).sum(axis=1) / np.sqrt((x**2).sum(axis=1) * (y**2).sum(axis=1)))
