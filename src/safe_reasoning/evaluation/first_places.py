"""Whether and where what is found in reasonings meets a sentence that they turn at.

The one definition of these measures: for labels of rationalising sentences, for first unsafe
sentences by people, and for turning points.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np

from safe_reasoning.stats.rates import LEVEL, NAN, clustered_rate

Pair = tuple[int | None, int | None]
SHARES = ("seen_in_time", "found", "found_without", "first_exact", "first_within_one")


def first_places(
    firsts: Sequence[Pair], clusters: Sequence[Hashable], *, resamples: int = 2000
) -> dict[str, float]:
    """Whether and where the label and the first find of each trace meet.

    Args:
        firsts: of each trace the index of the sentence of the label and that of the find; None for
            none.
        clusters: what the bootstrap resamples, one a trace: its prompt.
        resamples: bootstrap samples.

    Returns:
        Each with its 95 % interval (`_low`, `_high`), NaN where there is nothing to divide by. Of
        the traces with a label `found` (something is found before the reasoning ends) and
        `seen_in_time` (in the sentence of the label or before it); of those without one
        `found_without`; of those with both `first_exact` (in the same sentence), `first_within_one`
        and `first_offset`, the median number of sentences from label to find, above 0 if the find
        is later.
    """
    both = [None if label is None or seen is None else seen - label for label, seen in firsts]
    values: dict[str, list[bool | None]] = {
        "seen_in_time": [
            None if label is None else seen is not None and seen <= label for label, seen in firsts
        ],
        "found": [None if label is None else seen is not None for label, seen in firsts],
        "found_without": [None if label is not None else seen is not None for label, seen in firsts],
        "first_exact": [None if offset is None else offset == 0 for offset in both],
        "first_within_one": [None if offset is None else abs(offset) <= 1 for offset in both],
    }
    found = dict[str, float]()
    for name in SHARES:
        rate = clustered_rate(values[name], clusters, resamples=resamples)
        found |= {name: rate.value, f"{name}_low": rate.low, f"{name}_high": rate.high}
    median, low, high = _median(both, clusters, resamples)
    return found | {"first_offset": median, "first_offset_low": low, "first_offset_high": high}


def _median(
    values: Sequence[int | None], clusters: Sequence[Hashable], resamples: int
) -> tuple[float, float, float]:
    """Median with its percentile interval over clusters; no interval where there is one alone."""
    groups: dict[Hashable, list[int]] = {}
    for value, cluster in zip(values, clusters, strict=True):
        if value is not None:
            groups.setdefault(cluster, []).append(value)
    if not groups:
        return NAN, NAN, NAN
    members = [np.array(group, dtype=float) for group in groups.values()]
    median = float(np.median(np.concatenate(members)))
    if len(members) == 1:
        return median, NAN, NAN
    drawn = np.random.default_rng(0).integers(len(members), size=(resamples, len(members)))
    medians = [np.median(np.concatenate([members[one] for one in row])) for row in drawn]
    low, high = np.quantile(medians, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return median, float(low), float(high)
