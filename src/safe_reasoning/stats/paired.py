"""Paired differences between methods: bootstrap intervals, sign-flip tests, Holm's correction."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from safe_reasoning.stats import seed_spread
from safe_reasoning.stats.rates import (
    ENOUGH_DIFFERING,
    NAN,
    Value,
    _percentiles,
    _resampled_rates,
    _totals,
    differing,
    effective_number,
    wilson_interval,
)
from safe_reasoning.stats.sign_flip import sign_flip_p

# Values by prompt of a method and of its reference
Sides = tuple[Mapping[Hashable, Sequence[Value]], Mapping[Hashable, Sequence[Value]]]


@dataclass(frozen=True)
class Difference:
    """A mean paired difference over `clusters` prompts with its 95 % interval and two-sided
    p-value.

    `prompt_low` and `prompt_high` are the interval over the choice of prompts alone, for the
    trainings available; `by_seed` are the differences of each training seed.
    """

    value: float
    low: float
    high: float
    p_value: float
    clusters: int
    prompt_low: float
    prompt_high: float
    by_seed: tuple[float, ...]


def paired_difference(
    seeds: Sequence[Sequence[Sides]], *, resamples: int = 2000, seed: int = 0, trained: bool = True
) -> Difference:
    """Mean over shared prompts of (mean of a method's values - mean of its reference's), each
    prompt weighing the same; plain means over groups and over training seeds.

    The interval resamples prompts within each group. With one seed the p-value is of the sign-flip
    test (`sign_flip`); with several both take the spread between
    seeds in (see `seed_spread`), and the prompts' own interval is kept as well. Where every prompt
    shows the same difference, resampling would claim certainty: the interval then is Newcombe's for
    two independent rates, which is wider than a paired one.

    Args:
        seeds: for each seed the groups (such as the safety sets), each with the values of each
            prompt of the method and of its reference; None is unscored. A prompt without a scored
            value on either side is left out, and so is a seed that has no other in one of its
            groups.
        resamples: bootstrap samples.
        seed: of the bootstrap and of the permutations.
        trained: whether the seeds are trainings; otherwise they are further samples of the same
            weights, and prompts alone are left to chance.
    """
    pairs = [of_seed for groups in seeds if all(of_seed := [_pairs(sides) for sides in groups])]
    if not pairs:
        return Difference(NAN, NAN, NAN, NAN, 0, NAN, NAN, ())
    totals = [
        _totals([([x - y for x, y in of_seed.values()], list(of_seed)) for of_seed in group])
        for group in zip(*pairs, strict=True)
    ]
    number = sum(counts.shape[1] for _, counts in totals)
    by_seed = np.mean([sums.sum(axis=1) / counts.sum(axis=1) for sums, counts in totals], axis=0)
    value = float(by_seed.mean())
    low, high = _percentiles(np.mean(_resampled_rates(totals, resamples, seed), axis=0))
    # Each prompt's part of its group's mean over seeds
    by_prompt = [np.mean(sums / counts.sum(axis=1, keepdims=True), axis=0) for sums, counts in totals]
    sizes = [counts.shape[1] for _, counts in totals]
    in_prompts = [parts * size for parts, size in zip(by_prompt, sizes, strict=True)]
    if sum(map(differing, in_prompts)) < ENOUGH_DIFFERING:
        newcombe = newcombe_interval(in_prompts, effective_number(sizes))
        low, high = min(low, newcombe[0]), max(high, newcombe[1])
    if len(pairs) == 1 or not trained:  # prompts of a small group weigh more in a mean over groups
        weighted = np.concatenate([parts * number / len(totals) for parts in by_prompt])
        return Difference(value, low, high, sign_flip_p(weighted, seed), number, low, high, tuple(by_seed))
    within = seed_spread.interval(value, low, high, by_seed)
    return Difference(
        value, *within, seed_spread.p_value(value, low, high, by_seed), number, low, high, tuple(by_seed)
    )


def newcombe_interval(differences: Sequence[np.ndarray], number: float) -> tuple[float, float]:
    """Newcombe's interval of the difference of two shares, from Wilson's of each: how far prompts
    are higher with the method, and how far lower.

    Prompts on which both do the same count as neither, so the rate that both share does not widen
    it.

    Args:
        differences: of the prompts of each group.
        number: of prompts, as `effective_number` counts them.
    """
    up, down = (
        float(np.mean([np.maximum(sign * group, 0).mean() for group in differences])) for sign in (1, -1)
    )
    (up_low, up_high), (down_low, down_high) = (wilson_interval(x * number, number) for x in (up, down))
    value = up - down
    return (
        value - math.hypot(up - up_low, down_high - down),
        value + math.hypot(up_high - up, down - down_low),
    )


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


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm-adjusted p-values in the given order; NaN stays NaN and counts as no test."""
    tested = [index for index, p in enumerate(p_values) if not math.isnan(p)]
    adjusted = [NAN] * len(p_values)
    if tested:
        from statsmodels.stats.multitest import multipletests

        corrected = multipletests([p_values[index] for index in tested], method="holm")[1]
        for index, p in zip(tested, corrected, strict=True):
            adjusted[index] = float(p)
    return adjusted
