"""Rates with intervals.

Every result carries its n; unscored values (None) are left out and counted.

Samples of one prompt are alike, so the prompt is the unit: intervals resample prompts. A bootstrap
knows only the prompts it has. Where hardly any of them differs from the rest it takes the rate for
nearly certain: one harmful sample in 588 gave [0.0, 0.5] %, and a true rate of 1 % lay in such an
interval never (docs/statistics.md). There the interval is joined with Wilson's, with the number
of prompts as n.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from safe_reasoning.stats.seed_spread import LEVEL

NAN = float("nan")
# With fewer prompts that differ from the rest, a bootstrap's interval is too narrow
ENOUGH_DIFFERING = 10

Value = bool | float | None
Group = tuple[Sequence[Value], Sequence[Hashable]]  # values and the cluster (prompt) of each


@dataclass(frozen=True)
class Rate:
    """A rate between 0 and 1 with its 95 % interval, over `count` scored values of `clusters`
    prompts; `unscored` values had none.
    """

    value: float
    low: float
    high: float
    count: int
    clusters: int
    unscored: int


def wilson_interval(successes: float, count: float) -> tuple[float, float]:
    """The 95 % Wilson score interval of successes / count; NaN, NaN when count is 0."""
    if count == 0:
        return NAN, NAN
    from statsmodels.stats.proportion import proportion_confint  # half a second

    low, high = proportion_confint(successes, count, alpha=1 - LEVEL, method="wilson")
    # Exact there, but for rounding
    return (
        0.0 if successes <= 0 else float(low),
        1.0 if math.isclose(successes, count) else float(high),
    )


def simple_rate(values: Sequence[bool | None]) -> Rate:
    """The rate of independent values, one per prompt or trace, with its Wilson interval."""
    scored = [value for value in values if value is not None]
    low, high = wilson_interval(sum(scored), len(scored))
    rate = sum(scored) / len(scored) if scored else NAN
    return Rate(rate, low, high, len(scored), len(scored), len(values) - len(scored))


def _totals(seeds: Sequence[Group]) -> tuple[np.ndarray, np.ndarray]:
    """Sum and number of the scored values of each cluster that has any in some seed, both of shape
    (seeds, clusters).
    """
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
    return (
        (np.column_stack(list(sums.values())), np.column_stack(list(counts.values())))
        if sums
        else (empty, empty)
    )


@lru_cache(maxsize=16)
def _draws(sizes: tuple[int, ...], resamples: int, seed: int) -> list[np.ndarray]:
    """How often each cluster was drawn in each bootstrap sample, of each group of these sizes, of
    shape (resamples, clusters). The same for all that is measured on the same prompts.
    """
    rng = np.random.default_rng(seed)
    return [rng.multinomial(size, np.full(size, 1 / size), size=resamples).astype(float) for size in sizes]


def _resampled_rates(
    totals: Sequence[tuple[np.ndarray, np.ndarray]], resamples: int, seed: int
) -> list[np.ndarray]:
    """Rates of each group in `resamples` bootstrap samples of whole clusters, each the mean over
    seeds (the same clusters in all of them), of shape (resamples,).

    Args:
        totals: of each group, as from `_totals`.
        resamples: bootstrap samples.
        seed: of the draws.
    """
    drawn = _draws(tuple(sums.shape[1] for sums, _ in totals), resamples, seed)
    # A seed that scored none of the drawn clusters has no rate there
    with np.errstate(invalid="ignore"):
        return [
            np.nanmean((draws @ sums.T) / (draws @ counts.T), axis=1)
            for draws, (sums, counts) in zip(drawn, totals, strict=True)
        ]


def _percentiles(resampled: np.ndarray) -> tuple[float, float]:
    low, high = np.quantile(resampled, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def differing(values: np.ndarray) -> int:
    """How many prompts have another value than the most common one."""
    return int(len(values) - np.unique(values.round(9), return_counts=True)[1].max())


def effective_number(sizes: Sequence[int], weights: Sequence[float] | None = None) -> float:
    """Number of prompts of one set whose rate would be as certain as the mean of the rates of
    several sets of these sizes; by default each weighs the same.
    """
    weights = weights or [1] * len(sizes)
    return float(sum(weights) ** 2 / sum(w**2 / size for w, size in zip(weights, sizes, strict=True)))


def _per_prompt(sums: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Mean value of each cluster over all its scored samples."""
    return np.asarray(sums.sum(axis=0) / counts.sum(axis=0))


def clustered_rate(
    values: Sequence[Value], clusters: Sequence[Hashable], *, resamples: int = 2000, seed: int = 0
) -> Rate:
    """Mean of all scored values with its percentile bootstrap interval over clusters (prompts).

    Where fewer than ENOUGH_DIFFERING prompts differ from the rest (none when all values are equal),
    the interval reaches at least as far as Wilson's, with the number of prompts as n.

    Args:
        values: 0..1 or None (unscored), one a sample.
        clusters: the prompt of each value.
        resamples: bootstrap samples.
        seed: of the bootstrap.
    """
    return mean_of_rates([(values, clusters)], resamples=resamples, seed=seed)


def mean_of_rates(
    groups: Sequence[Group],
    *,
    resamples: int = 2000,
    seed: int = 0,
    weights: Sequence[float] | None = None,
) -> Rate:
    """Mean of the rates of several groups (paper section 4: the average of the safety sets),
    clusters resampled within each group.

    A group without a scored value has no rate, so neither has the mean: NaN. Few differing prompts
    are met as in `clustered_rate`, with the `effective_number` of prompts as n.

    Args:
        groups: (values, clusters) of each group, as in `clustered_rate`.
        resamples: bootstrap samples.
        seed: of the bootstrap.
        weights: of the groups; by default each weighs the same.
    """
    return mean_over_seeds([groups], resamples=resamples, seed=seed, weights=weights)


def mean_over_seeds(
    seeds: Sequence[Sequence[Group]],
    *,
    resamples: int = 2000,
    seed: int = 0,
    weights: Sequence[float] | None = None,
) -> Rate:
    """Mean over training seeds of `mean_of_rates`.

    Its interval is over the choice of prompts alone, which all seeds share: `seed_spread` adds
    chance in training.

    Args:
        seeds: the groups of each seed, in the same order.
        resamples: bootstrap samples.
        seed: of the bootstrap.
        weights: of the groups, as in `mean_of_rates`.
    """
    totals = [_totals(group) for group in zip(*seeds, strict=True)]
    count = int(sum(counts.sum() for _, counts in totals))
    prompts = sum(counts.shape[1] for _, counts in totals)
    unscored = sum(len(values) for groups in seeds for values, _ in groups) - count
    if not totals or any((counts.sum(axis=1) == 0).any() for _, counts in totals):
        return Rate(NAN, NAN, NAN, count, prompts, unscored)
    of_groups = [sums.sum(axis=1) / counts.sum(axis=1) for sums, counts in totals]
    resampled = _resampled_rates(totals, resamples, seed)
    if weights is None:
        value, means = float(np.mean(of_groups)), np.mean(resampled, axis=0)
    else:
        value = float(np.average(np.mean(of_groups, axis=1), weights=weights))
        means = np.average(resampled, axis=0, weights=weights)
    low, high = _percentiles(means)
    if sum(differing(_per_prompt(*of_group)) for of_group in totals) < ENOUGH_DIFFERING:
        number = effective_number([counts.shape[1] for _, counts in totals], weights)
        wilson = wilson_interval(value * number, number)
        low, high = min(low, wilson[0]), max(high, wilson[1])
    return Rate(value, low, high, count, prompts, unscored)


def pass_at_k(correct: Sequence[int], samples: Sequence[int], k: int) -> float:
    """Mean over problems of the unbiased estimate 1 - C(n - c, k) / C(n, k).

    The chance that one of k samples is right (Chen et al. 2021, section 2.1).

    For k = 1 it is the mean share of right samples.

    Args:
        correct: c of each problem.
        samples: n of each problem, at least k.
        k: samples looked at.
    """
    if any(n < k for n in samples):
        raise ValueError(f"pass@{k} needs at least {k} samples of each problem, one has {min(samples)}")
    return float(
        np.mean([1 - math.comb(n - c, k) / math.comb(n, k) for c, n in zip(correct, samples, strict=True)])
    )
