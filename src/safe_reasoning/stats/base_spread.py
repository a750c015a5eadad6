"""Chance in the base: what the spread between bases adds to the interval of a mean over them.

Bases are the outer cluster, trainings the inner one: trainings of one base share its corpus, its
weights and its pairs, so they say how one base's trainings differ and nothing about other bases.
The unit is therefore a base's mean over its trainings, and the interval of the mean over bases is
that of `seed_spread.interval` with bases in the place of seeds: Student's t of bases - 1 degrees of
freedom, joined by squares with the half width over prompts, which all bases share. Chance in the
trainings needs no term of its own: it is in the spread of the bases' means. To count each training
of each base as one of so many independent runs gives intervals that are too narrow
(tests/unit/stats/test_base_spread.py).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from safe_reasoning.stats import seed_spread


@dataclass(frozen=True)
class OfBase:
    """What was measured on one base.

    Attributes:
        value: mean over its trainings.
        prompt_low: of the 95 % interval over prompts for the trainings available.
        prompt_high: likewise.
        sd: standard deviation between its trainings; NaN where it is not known.
        seeds: number of trainings.
    """

    value: float
    prompt_low: float
    prompt_high: float
    sd: float
    seeds: int


@dataclass(frozen=True)
class OverBases:
    """A mean over bases.

    Attributes:
        value: mean of the bases' values.
        low: of its 95 % interval, bases being the outer cluster.
        high: likewise.
        sd_bases: standard deviation between the bases' values.
        sd_seeds: between trainings within bases, pooled; NaN where it is not known.
        bases: number of bases.
        seeds: trainings of each base, of the base with the fewest.
        prompt_low: of the mean interval over prompts alone.
        prompt_high: likewise.
    """

    value: float
    low: float
    high: float
    sd_bases: float
    sd_seeds: float
    bases: int
    seeds: int
    prompt_low: float
    prompt_high: float


def mean_over_bases(bases: Sequence[OfBase]) -> OverBases:
    """The mean over two or more bases with its 95 % interval and both spreads.

    Raises:
        ValueError: Fewer than two bases, of which no spread between bases follows.
    """
    if len(bases) < 2:
        raise ValueError("a mean over bases needs two of them")
    values = [base.value for base in bases]
    value, prompt_low, prompt_high = (
        float(np.mean([getattr(base, name) for base in bases]))
        for name in ("value", "prompt_low", "prompt_high")
    )
    low, high = seed_spread.interval(value, prompt_low, prompt_high, values)
    return OverBases(
        value=value,
        low=low,
        high=high,
        sd_bases=seed_spread.deviation(values),
        sd_seeds=pooled_deviation([base.sd for base in bases], [base.seeds for base in bases]),
        bases=len(bases),
        seeds=min(base.seeds for base in bases),
        prompt_low=prompt_low,
        prompt_high=prompt_high,
    )


def pooled_deviation(deviations: Sequence[float], numbers: Sequence[int]) -> float:
    """Standard deviation within groups: variances weighted by their degrees of freedom.

    Args:
        deviations: of each group; NaN where it is not known, which leaves the group out.
        numbers: of values in each group.
    """
    known = [(sd, n - 1) for sd, n in zip(deviations, numbers, strict=True) if n > 1 and not math.isnan(sd)]
    freedom = sum(df for _, df in known)
    return math.sqrt(sum(df * sd**2 for sd, df in known) / freedom) if freedom else math.nan
