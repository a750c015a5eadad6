"""Chance in training.

What the spread between training seeds adds to the interval of a mean over them.

A mean over seeds is uncertain for two reasons: other prompts might have been asked, and the method
might have been trained with other seeds. The first is measured by a bootstrap over prompts, of
which there are many; the second only by the standard deviation s of a handful of seeds. With n
seeds the half width of the interval is

    sqrt(a^2 + (t * s / sqrt(n))^2)

with a the half width over prompts and t Student's 97.5 % quantile with n - 1 degrees of freedom
(12.7 for two seeds, 4.3 for three, 2.8 for five): the squares of two half widths are added, as in
Zou and Donner's MOVER. Of 2,000 made runs of each kind (two, three and five seeds, spreads of 0 to
10 points; docs/fidelity.md, `python -m tools.seed_coverage`) 96.5 to 99.2 % had the truth in this
interval; 64 to 94 % in that over prompts alone; 81 to 97 % in a bootstrap of seeds and prompts,
which cannot draw a training that was not run; 89 to 96 % in one t quantile for the sum of both
variances (Satterthwaite), which trusts a spread that is small by chance. The price is width where
seeds differ little, since s also holds the noise of each seed's samples. With one seed the interval
is that over prompts, and the spread between seeds is unknown (NaN), not zero.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

LEVEL = 0.95


def deviation(by_seed: Sequence[float]) -> float:
    """Standard deviation between seeds; NaN with one, which says nothing about it."""
    return float(np.std(by_seed, ddof=1)) if len(by_seed) > 1 else math.nan


def quantile(level: float, seeds: int) -> float:
    """Two-sided quantile: Student's with seeds - 1 degrees of freedom.

    The normal one for one seed, where no spread is estimated.
    """
    from scipy import stats as scipy_stats  # half a second

    tail = (1 + level) / 2
    return float(scipy_stats.t.ppf(tail, seeds - 1) if seeds > 1 else scipy_stats.norm.ppf(tail))


def interval(value: float, low: float, high: float, by_seed: Sequence[float]) -> tuple[float, float]:
    """The 95 % interval of a mean over seeds.

    Args:
        value: the mean.
        low: of its 95 % interval over the choice of prompts.
        high: likewise.
        by_seed: the value of each seed. With one the interval over prompts is given back.
    """
    if len(by_seed) == 1:
        return low, high
    chance = quantile(LEVEL, len(by_seed)) * deviation(by_seed) / math.sqrt(len(by_seed))
    return value - math.hypot(value - low, chance), value + math.hypot(high - value, chance)


def p_value(value: float, low: float, high: float, by_seed: Sequence[float]) -> float:
    """Two-sided p-value of a mean of several seeds against zero.

    1 - the level at which the interval of `interval` just reaches zero.

    Args:
        value: the mean.
        low: of its 95 % interval over the choice of prompts.
        high: likewise.
        by_seed: the value of each of several seeds.
    """
    if value == 0:
        return 1.0
    from scipy import optimize
    from scipy import stats as scipy_stats

    side = value - low if value > 0 else high - value
    prompts = side / quantile(LEVEL, 1)
    chance = deviation(by_seed) / math.sqrt(len(by_seed))

    def missing(log_p: float) -> float:
        """How much further than the value the interval at level 1 - p reaches."""
        tail = math.exp(log_p) / 2
        return math.hypot(
            prompts * scipy_stats.norm.isf(tail), chance * scipy_stats.t.isf(tail, len(by_seed) - 1)
        ) - abs(value)

    least = math.log(1e-200)
    return math.exp(least if missing(least) < 0 else optimize.brentq(missing, least, 0.0))
