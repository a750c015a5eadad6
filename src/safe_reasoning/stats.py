"""Rates with intervals, correlation and paired comparison. Every result carries its n; unscored values (None) are left out and counted.

Samples of one prompt are alike, so the prompt is the unit: intervals resample prompts, tests flip the sign of a prompt's difference.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats as scipy_stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

LEVEL = 0.95
PERMUTATIONS = 9_999  # smallest p-value 0.0002, so that a Holm adjustment over a hundred tests can still find something
NAN = float("nan")

Value = bool | float | None


@dataclass(frozen=True)
class Rate:
    """A rate between 0 and 1 with its 95 % interval, over `count` scored values of `clusters` prompts; `unscored` values had none."""

    value: float
    low: float
    high: float
    count: int
    clusters: int
    unscored: int


@dataclass(frozen=True)
class Correlation:
    """Pearson's r of `count` points with its 95 % Fisher interval and two-sided p-value."""

    r: float
    low: float
    high: float
    p_value: float
    count: int


@dataclass(frozen=True)
class Difference:
    """A mean paired difference over `clusters` prompts with its 95 % interval and two-sided p-value."""

    value: float
    low: float
    high: float
    p_value: float
    clusters: int


def wilson_interval(successes: float, count: float) -> tuple[float, float]:
    """The 95 % Wilson score interval of successes / count; NaN, NaN when count is 0."""
    if count == 0:
        return NAN, NAN
    low, high = proportion_confint(successes, count, alpha=1 - LEVEL, method="wilson")
    return (0.0 if successes == 0 else float(low)), (1.0 if successes == count else float(high))  # exact there, but for rounding


def simple_rate(values: Sequence[bool | None]) -> Rate:
    """The rate of independent values, one a prompt or trace, with its Wilson interval."""
    scored = [value for value in values if value is not None]
    low, high = wilson_interval(sum(scored), len(scored))
    rate = sum(scored) / len(scored) if scored else NAN
    return Rate(rate, low, high, len(scored), len(scored), len(values) - len(scored))


def _totals(values: Sequence[Value], clusters: Sequence[Hashable]) -> tuple[np.ndarray, np.ndarray]:
    """Sum and number of the scored values of each cluster that has any, both of shape (clusters,)."""
    if len(values) != len(clusters):
        raise ValueError(f"{len(values)} values for {len(clusters)} clusters")
    sums: dict[Hashable, float] = {}
    counts: dict[Hashable, int] = {}
    for value, cluster in zip(values, clusters, strict=True):
        if value is not None:
            sums[cluster] = sums.get(cluster, 0.0) + float(value)
            counts[cluster] = counts.get(cluster, 0) + 1
    return np.array(list(sums.values())), np.array(list(counts.values()), dtype=float)


def _resampled_rates(sums: np.ndarray, counts: np.ndarray, resamples: int, rng: np.random.Generator) -> np.ndarray:
    """Rates of `resamples` bootstrap samples of whole clusters, shape (resamples,)."""
    number = len(sums)
    draws = rng.multinomial(number, np.full(number, 1 / number), size=resamples)  # how often each cluster was drawn
    return (draws @ sums) / (draws @ counts)


def _percentiles(resampled: np.ndarray) -> tuple[float, float]:
    low, high = np.quantile(resampled, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def clustered_rate(values: Sequence[Value], clusters: Sequence[Hashable], *, resamples: int = 2000, seed: int = 0) -> Rate:
    """Mean of all scored values with its percentile bootstrap interval over clusters (prompts).

    When all resamples give one rate (all values equal, one prompt only), the bootstrap would claim certainty: the interval then is Wilson's,
    with the number of prompts as n.

    Args:
        values: 0..1 or None (unscored), one a sample.
        clusters: the prompt of each value.
        resamples: bootstrap samples.
        seed: of the bootstrap.
    """
    return mean_of_rates([(values, clusters)], resamples=resamples, seed=seed)


def mean_of_rates(groups: Sequence[tuple[Sequence[Value], Sequence[Hashable]]], *, resamples: int = 2000, seed: int = 0) -> Rate:
    """Plain mean of the rates of several groups (paper section 4: the average of the safety sets), clusters resampled within each group.

    A group without a scored value has no rate, so neither has the mean: NaN. The degenerate case is as in `clustered_rate`.

    Args:
        groups: (values, clusters) of each group, as in `clustered_rate`.
        resamples: bootstrap samples.
        seed: of the bootstrap.
    """
    totals = [_totals(values, clusters) for values, clusters in groups]
    count = int(sum(counts.sum() for _, counts in totals))
    prompts = sum(len(counts) for _, counts in totals)
    unscored = sum(len(values) for values, _ in groups) - count
    if not totals or any(len(counts) == 0 for _, counts in totals):
        return Rate(NAN, NAN, NAN, count, prompts, unscored)
    rng = np.random.default_rng(seed)
    value = float(np.mean([sums.sum() / counts.sum() for sums, counts in totals]))
    low, high = _percentiles(np.mean([_resampled_rates(sums, counts, resamples, rng) for sums, counts in totals], axis=0))
    if math.isclose(low, high, abs_tol=1e-12):
        low, high = wilson_interval(value * prompts, prompts)
    return Rate(value, low, high, count, prompts, unscored)


def pearson(x: Sequence[float], y: Sequence[float]) -> Correlation:
    """Pearson's r with its Fisher interval. NaN with fewer than three points or when one side does not vary."""
    if len(x) != len(y):
        raise ValueError(f"{len(x)} x values for {len(y)} y values")
    if len(x) < 3 or len(set(x)) < 2 or len(set(y)) < 2:
        return Correlation(NAN, NAN, NAN, NAN, len(x))
    result = scipy_stats.pearsonr(x, y)
    interval = result.confidence_interval(LEVEL)
    return Correlation(float(result.statistic), float(interval.low), float(interval.high), float(result.pvalue), len(x))


def paired_difference(
    values: Mapping[Hashable, Sequence[Value]], reference: Mapping[Hashable, Sequence[Value]], *, resamples: int = 2000, seed: int = 0
) -> Difference:
    """Mean over shared prompts of (mean of `values` - mean of `reference`), each prompt weighing the same.

    The interval resamples prompts; the p-value is of the sign-flip permutation test (exact when there are few prompts). Where every prompt shows
    the same difference, resampling would claim certainty: the interval then is Newcombe's for two independent rates, which is wider than a paired one.

    Args:
        values: the values of each prompt; None is unscored. A prompt without a scored value on either side is left out.
        reference: likewise, subtracted.
        resamples: bootstrap samples.
        seed: of the bootstrap and of the permutations.
    """
    pairs = []
    for prompt, ours in values.items():
        mine = [float(v) for v in ours if v is not None]
        theirs = [float(v) for v in reference.get(prompt, []) if v is not None]
        if mine and theirs:
            pairs.append((sum(mine) / len(mine), sum(theirs) / len(theirs)))
    number = len(pairs)
    if number == 0:
        return Difference(NAN, NAN, NAN, NAN, 0)
    first, second = np.array(pairs).T
    differences = first - second
    value = float(differences.mean())
    low, high = _percentiles(_resampled_rates(differences, np.ones(number), resamples, np.random.default_rng(seed)))
    if math.isclose(low, high, abs_tol=1e-12):
        low, high = confint_proportions_2indep(first.sum(), number, second.sum(), number, method="newcomb", compare="diff", alpha=1 - LEVEL)
    return Difference(value, float(low), float(high), _sign_flip_p(differences, seed), number)


def _sign_flip_p(differences: np.ndarray, seed: int) -> float:
    """Two-sided p-value of the mean difference when each prompt's sign is arbitrary."""
    if not differences.any():
        return 1.0
    result = scipy_stats.permutation_test(
        (differences, np.zeros_like(differences)),
        lambda a, b, axis: np.mean(a - b, axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=PERMUTATIONS,
        batch=500,
        rng=np.random.default_rng(seed),
    )
    return float(result.pvalue)


def pass_at_k(correct: Sequence[int], samples: Sequence[int], k: int) -> float:
    """Mean over problems of the unbiased estimate 1 - C(n - c, k) / C(n, k): the chance that one of k samples is right (Chen et al. 2021, section 2.1).

    For k = 1 it is the mean share of right samples.

    Args:
        correct: c of each problem.
        samples: n of each problem, at least k.
        k: samples looked at.
    """
    if any(n < k for n in samples):
        raise ValueError(f"pass@{k} needs at least {k} samples of each problem, one has {min(samples)}")
    return float(np.mean([1 - math.comb(n - c, k) / math.comb(n, k) for c, n in zip(correct, samples, strict=True)]))


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm-adjusted p-values in the given order; NaN stays NaN and counts as no test."""
    tested = [index for index, p in enumerate(p_values) if not math.isnan(p)]
    adjusted = [NAN] * len(p_values)
    if tested:
        corrected = multipletests([p_values[index] for index in tested], method="holm")[1]
        for index, p in zip(tested, corrected, strict=True):
            adjusted[index] = float(p)
    return adjusted
