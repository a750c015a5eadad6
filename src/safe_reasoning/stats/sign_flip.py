"""The sign-flip test of a mean paired difference: what if each prompt's sign were arbitrary?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

# Where the sums take more different values, the test draws signs at random
MOST_SUMS = 500_000
PERMUTATIONS = 19_999  # then, so that the smallest p-value is 0.0001
_PLACES = 9  # decimal places, in units of the largest difference, to which equal sums agree


def sign_flip_p(differences: Sequence[float] | np.ndarray, seed: int = 0) -> float:
    """Two-sided p-value of the sum of the differences under arbitrary signs; 1 with fewer than two
    that are not zero.

    Exact as long as the possible sums are few: differences of verdicts come in few sizes, and of
    each size only the number of positive ones counts. That number is binomial. Otherwise, as with
    sets of several sizes and many samples, from random signs.

    Args:
        differences: one per prompt, in any unit.
        seed: of the random signs.
    """
    values = np.asarray(differences, dtype=float)
    values = values[values != 0]
    if len(values) < 2:
        return 1.0
    values = values / np.abs(values).max()
    distribution = _distribution(np.abs(values))
    if distribution is None:
        return _p_of_random_signs(values, seed)
    sums, shares = distribution
    beyond = shares[sums >= abs(values.sum()) - 10.0**-_PLACES * len(values)].sum()
    return min(1.0, 2 * float(beyond))


def _distribution(sizes: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """Each possible sum of these sizes with signs, and its probability; None where they are too
    many.
    """
    from scipy.stats import binom

    sums: np.ndarray = np.zeros(1)
    shares: np.ndarray = np.ones(1)
    for size, number in zip(*np.unique(sizes.round(_PLACES), return_counts=True), strict=True):
        positive = np.arange(number + 1)
        if len(sums) * len(positive) > MOST_SUMS:
            return None
        added = (sums[:, None] + size * (2 * positive - number)).round(_PLACES).ravel()
        weights = (shares[:, None] * binom.pmf(positive, number, 0.5)).ravel()
        sums, place = np.unique(added, return_inverse=True)
        shares = np.bincount(place, weights)
    return sums, shares


def _p_of_random_signs(values: np.ndarray, seed: int) -> float:
    from scipy import stats as scipy_stats

    result = scipy_stats.permutation_test(
        (values, np.zeros_like(values)),
        lambda a, b, axis: np.mean(a - b, axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=PERMUTATIONS,
        batch=500,
        rng=np.random.default_rng(seed),
    )
    return float(result.pvalue)
