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

from safe_reasoning import seed_spread
from safe_reasoning.seed_spread import LEVEL

PERMUTATIONS = 19_999  # smallest p-value 0.0001, so that a Holm adjustment over some hundred tests can still find something
NAN = float("nan")

Value = bool | float | None
Group = tuple[Sequence[Value], Sequence[Hashable]]  # values and the cluster (prompt) of each
Sides = tuple[Mapping[Hashable, Sequence[Value]], Mapping[Hashable, Sequence[Value]]]  # values by prompt of a method and of its reference


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
    """A mean paired difference over `clusters` prompts with its 95 % interval and two-sided p-value.

    `prompt_low` and `prompt_high` are the interval over the choice of prompts alone, for the trainings at hand; `by_seed` are the differences of each training seed.
    """

    value: float
    low: float
    high: float
    p_value: float
    clusters: int
    prompt_low: float
    prompt_high: float
    by_seed: tuple[float, ...]


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


def _totals(seeds: Sequence[Group]) -> tuple[np.ndarray, np.ndarray]:
    """Sum and number of the scored values of each cluster that has any in some seed, both of shape (seeds, clusters)."""
    sums: dict[Hashable, np.ndarray] = {}
    counts: dict[Hashable, np.ndarray] = {}
    for number, (values, clusters) in enumerate(seeds):
        if len(values) != len(clusters):
            raise ValueError(f"{len(values)} values for {len(clusters)} clusters")
        for value, cluster in zip(values, clusters, strict=True):
            if value is not None:
                sums.setdefault(cluster, np.zeros(len(seeds)))[number] += float(value)
                counts.setdefault(cluster, np.zeros(len(seeds)))[number] += 1
    empty = np.zeros((len(seeds), 0))
    return (np.column_stack(list(sums.values())), np.column_stack(list(counts.values()))) if sums else (empty, empty)


def _resampled_rates(sums: np.ndarray, counts: np.ndarray, resamples: int, rng: np.random.Generator) -> np.ndarray:
    """Rates of `resamples` bootstrap samples of whole clusters, each the mean over seeds (the same clusters in all of them), shape (resamples,)."""
    number = sums.shape[1]
    draws = rng.multinomial(number, np.full(number, 1 / number), size=resamples)  # how often each cluster was drawn
    with np.errstate(invalid="ignore"):  # a seed that scored none of the drawn clusters has no rate there
        return np.nanmean((draws @ sums.T) / (draws @ counts.T), axis=1)


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


def mean_of_rates(groups: Sequence[Group], *, resamples: int = 2000, seed: int = 0) -> Rate:
    """Plain mean of the rates of several groups (paper section 4: the average of the safety sets), clusters resampled within each group.

    A group without a scored value has no rate, so neither has the mean: NaN. The degenerate case is as in `clustered_rate`.

    Args:
        groups: (values, clusters) of each group, as in `clustered_rate`.
        resamples: bootstrap samples.
        seed: of the bootstrap.
    """
    return mean_over_seeds([groups], resamples=resamples, seed=seed)


def mean_over_seeds(seeds: Sequence[Sequence[Group]], *, resamples: int = 2000, seed: int = 0) -> Rate:
    """Mean over training seeds of `mean_of_rates`. Its interval is over the choice of prompts alone, which all seeds share: `seed_spread` adds chance in training.

    Args:
        seeds: the groups of each seed, in the same order.
        resamples: bootstrap samples.
        seed: of the bootstrap.
    """
    totals = [_totals(group) for group in zip(*seeds, strict=True)]
    count = int(sum(counts.sum() for _, counts in totals))
    prompts = sum(counts.shape[1] for _, counts in totals)
    unscored = sum(len(values) for groups in seeds for values, _ in groups) - count
    if not totals or any((counts.sum(axis=1) == 0).any() for _, counts in totals):
        return Rate(NAN, NAN, NAN, count, prompts, unscored)
    rng = np.random.default_rng(seed)
    value = float(np.mean([sums.sum(axis=1) / counts.sum(axis=1) for sums, counts in totals]))
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


def paired_difference(seeds: Sequence[Sequence[Sides]], *, resamples: int = 2000, seed: int = 0, trained: bool = True) -> Difference:
    """Mean over shared prompts of (mean of a method's values - mean of its reference's), each prompt weighing the same; plain means over groups and over training seeds.

    The interval resamples prompts within each group. With one seed the p-value is of the sign-flip permutation test (exact when there are few prompts); with several both
    take the spread between seeds in (see `seed_spread`), and the prompts' own interval is kept beside. Where every prompt shows the same difference, resampling would claim
    certainty: the interval then is Newcombe's for two independent rates, which is wider than a paired one.

    Args:
        seeds: for each seed the groups (such as the safety sets), each with the values of each prompt of the method and of its reference; None is unscored. A prompt without
            a scored value on either side is left out, and so is a seed that has no other in one of its groups.
        resamples: bootstrap samples.
        seed: of the bootstrap and of the permutations.
        trained: whether the seeds are trainings; otherwise they are further samples of the same weights, and prompts alone are left to chance.
    """
    pairs = [of_seed for groups in seeds if all(of_seed := [_pairs(sides) for sides in groups])]
    if not pairs:
        return Difference(NAN, NAN, NAN, NAN, 0, NAN, NAN, ())
    totals = [_totals([([x - y for x, y in of_seed.values()], list(of_seed)) for of_seed in group]) for group in zip(*pairs, strict=True)]
    number = sum(counts.shape[1] for _, counts in totals)
    by_seed = np.mean([sums.sum(axis=1) / counts.sum(axis=1) for sums, counts in totals], axis=0)
    value = float(by_seed.mean())
    rng = np.random.default_rng(seed)
    low, high = _percentiles(np.mean([_resampled_rates(sums, counts, resamples, rng) for sums, counts in totals], axis=0))
    if math.isclose(low, high, abs_tol=1e-12):
        first, second = (
            float(np.mean([np.mean([pair[side] for pair in of_group.values()]) for of_seed in pairs for of_group in of_seed]))
            for side in (0, 1)
        )
        low, high = confint_proportions_2indep(
            first * number, number, second * number, number, method="newcomb", compare="diff", alpha=1 - LEVEL
        )
    low, high = float(low), float(high)
    if len(pairs) == 1 or not trained:  # prompts of a small group weigh more in a mean over groups
        by_prompt = [
            np.mean(sums / counts.sum(axis=1, keepdims=True), axis=0) for sums, counts in totals
        ]  # its part of the group's mean over seeds
        weighted = np.concatenate([parts * number / len(totals) for parts in by_prompt])
        return Difference(value, low, high, _sign_flip_p(weighted, seed), number, low, high, tuple(by_seed))
    within = seed_spread.interval(value, low, high, by_seed)
    return Difference(value, *within, seed_spread.p_value(value, low, high, by_seed), number, low, high, tuple(by_seed))


def _pairs(sides: Sides) -> dict[Hashable, tuple[float, float]]:
    """Mean values of both sides by prompt, where both have a scored one."""
    values, reference = sides
    pairs = {}
    for prompt, ours in values.items():
        mine = [float(v) for v in ours if v is not None]
        theirs = [float(v) for v in reference.get(prompt, []) if v is not None]
        if mine and theirs:
            pairs[prompt] = (sum(mine) / len(mine), sum(theirs) / len(theirs))
    return pairs


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
