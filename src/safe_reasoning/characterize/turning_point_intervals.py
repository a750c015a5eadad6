"""Intervals of turning points, by resampling whole continuations.

A continuation may count at many prefixes of its trace (`continuation_reuse`), so the ratios of
neighbouring prefixes are correlated. One resample draws as many continuations of a trace as it has,
with replacement, each with all the prefixes at which it counts, and finds the turning points of the
curve that these make. To draw each prefix's samples by themselves would take the correlation away:
such curves leave a threshold for a single prefix much more often than measured ones do.

An interval says how far chance in the continuations moves a turning point. It claims too much
certainty where all continuations of many prefixes agree: no resample of them then differs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from safe_reasoning.characterize.continuation_safety import by_trace, curve
from safe_reasoning.characterize.turning_points import safe_turning_point, unsafe_turning_point
from safe_reasoning.config import Characterize
from safe_reasoning.core.seeds import derive_seed
from safe_reasoning.stats.rates import LEVEL

Row = Mapping[str, Any]


def resampled_curves(
    lengths: Sequence[int], continuations: Sequence[Row], resamples: int, rng: np.random.Generator
) -> np.ndarray:
    """Ratios after each prefix in each resample, shape (resamples, prefixes).

    NaN where a resample has no scored continuation.

    Args:
        lengths: increasing prefix lengths.
        continuations: rows of schema csr_continuations of one trace.
        resamples: how many.
        rng: of the draws.
    """
    number = len(continuations)
    first, last = (np.array([row[side] for row in continuations])[:, None] for side in ("first", "last"))
    counted = (first <= np.array(lengths)) & (np.array(lengths) <= last)
    scored, safe = (
        (counted & np.array(chosen)[:, None]).astype(float)
        for chosen in (
            [row["safe"] is not None for row in continuations],
            [row["safe"] is True for row in continuations],
        )
    )
    # How often each continuation was drawn
    drawn = rng.multinomial(number, np.full(number, 1 / number), size=resamples).astype(float)
    with np.errstate(invalid="ignore"):
        return np.asarray((drawn @ safe) / (drawn @ scored))


def percentiles(points: Sequence[int | None]) -> tuple[int | None, int | None]:
    """Ends of the 95 % interval of resampled turning points.

    None, no turning point, lies behind every prefix: an open upper end says that some resamples
    have none.
    """
    ordered = sorted(math.inf if point is None else point for point in points)
    outside = (1 - LEVEL) / 2 * len(ordered)
    low, high = ordered[math.floor(outside)], ordered[math.ceil(len(ordered) - outside) - 1]
    return (None if low == math.inf else int(low)), (None if high == math.inf else int(high))


def with_intervals(
    points: Sequence[Row],
    csr: Sequence[Row],
    continuations: Sequence[Row],
    settings: Characterize,
    resamples: int,
) -> list[dict[str, Any]]:
    """Rows of `turning_point_rows` with the ends of the intervals of both turning points.

    Args:
        points: one row per trace.
        csr: rows of schema csr.
        continuations: rows of schema csr_continuations.
        settings: mu, eta and K.
        resamples: per trace.
    """
    prefixes, sampled = by_trace(csr), by_trace(continuations)
    kinds: dict[str, Callable[[Sequence[int], Sequence[float]], int | None]] = {
        "safe": lambda p, c: safe_turning_point(p, c, settings.safe_threshold, settings.stable_tokens),
        "unsafe": lambda p, c: unsafe_turning_point(p, c, settings.unsafe_threshold, settings.stable_tokens),
    }
    rows = []
    for point in points:
        name = point["trace"]
        lengths, _ = curve(prefixes[name])
        rng = np.random.default_rng(derive_seed("turning point", name))
        curves = resampled_curves(lengths, sampled[name], resamples, rng).tolist()
        row = dict(point)
        for kind, find in kinds.items():
            low, high = percentiles([find(lengths, ratios) for ratios in curves])
            row |= {f"{kind}_turning_point_low": low, f"{kind}_turning_point_high": high}
        rows.append(row)
    return rows
