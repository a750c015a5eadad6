"""Agreement of two sets of yes-or-no verdicts, and how well probabilities are meant.

Intervals resample requests, as everywhere here; unscored verdicts are counted and left out.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np

from safe_reasoning.stats import rates

Verdicts = Sequence[bool | None]
BINS = 10


def kappa(first: Sequence[bool], second: Sequence[bool]) -> float:
    """Cohen's kappa; NaN where both sides always say the same one thing, or nothing."""
    if len({*first, *second}) < 2:
        return rates.NAN
    from statsmodels.stats.inter_rater import cohens_kappa

    table = np.zeros((2, 2))
    np.add.at(table, (np.array(first, dtype=int), np.array(second, dtype=int)), 1)
    return float(cohens_kappa(table, return_results=False))


def _kappas(tables: np.ndarray) -> np.ndarray:
    """Kappa of tables of counts, shape (tables, 4) as (no no, no yes, yes no, yes yes).

    NaN where chance alone agrees wholly.
    """
    share = tables / tables.sum(axis=1, keepdims=True)
    agreed = share[:, 0] + share[:, 3]
    yes_first, yes_second = share[:, 2] + share[:, 3], share[:, 1] + share[:, 3]
    chance = yes_first * yes_second + (1 - yes_first) * (1 - yes_second)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(chance < 1, (agreed - chance) / (1 - chance), np.nan)


def kappa_interval(
    first: Sequence[bool],
    second: Sequence[bool],
    clusters: Sequence[Hashable],
    *,
    resamples: int = 2000,
    seed: int = 0,
) -> tuple[float, float]:
    """The 95 % percentile bootstrap interval of kappa over clusters.

    NaN where every resample gives one value: the bootstrap would claim certainty.
    """
    counts: dict[Hashable, np.ndarray] = {}
    for a, b, cluster in zip(first, second, clusters, strict=True):
        counts.setdefault(cluster, np.zeros(4))[2 * int(a) + int(b)] += 1
    if not counts:
        return rates.NAN, rates.NAN
    table = np.array(list(counts.values()))
    draws = np.random.default_rng(seed).multinomial(
        len(table), np.full(len(table), 1 / len(table)), size=resamples
    )
    found = _kappas(draws @ table)
    found = found[~np.isnan(found)]
    if len(np.unique(found)) < 2:
        return rates.NAN, rates.NAN
    low, high = np.quantile(found, [(1 - rates.LEVEL) / 2, (1 + rates.LEVEL) / 2])
    return float(low), float(high)


def agreement(
    first: Verdicts, second: Verdicts, clusters: Sequence[Hashable], *, resamples: int = 2000
) -> dict[str, Any]:
    """Share of equal verdicts and kappa with their intervals, over the texts that both sides
    scored.
    """
    both = [
        number
        for number, (a, b) in enumerate(zip(first, second, strict=True))
        if a is not None and b is not None
    ]
    mine, theirs = [bool(first[n]) for n in both], [bool(second[n]) for n in both]
    groups = [clusters[n] for n in both]
    equal = rates.clustered_rate(
        [a == b for a, b in zip(mine, theirs, strict=True)], groups, resamples=resamples
    )
    low, high = kappa_interval(mine, theirs, groups, resamples=resamples)
    return {
        "texts": len(first),
        "scored": len(both),
        "unscored": len(first) - len(both),
        "requests": equal.clusters,
        "agreement": equal.value,
        "low": equal.low,
        "high": equal.high,
        "kappa": kappa(mine, theirs),
        "kappa_low": low,
        "kappa_high": high,
    }


def error_rates(
    labels: Sequence[bool], verdicts: Verdicts, clusters: Sequence[Hashable], *, resamples: int = 2000
) -> dict[str, Any]:
    """False positives among the texts that people deny, false negatives among those that they
    affirm, each with its interval.
    """
    rows: dict[str, Any] = {"positive": sum(labels)}
    for name, truth in (("false_positive", False), ("false_negative", True)):
        chosen = [number for number, label in enumerate(labels) if label is truth]
        wrong = [None if (verdict := verdicts[number]) is None else verdict != truth for number in chosen]
        rate = rates.clustered_rate(wrong, [clusters[number] for number in chosen], resamples=resamples)
        rows |= {name: rate.value, f"{name}_low": rate.low, f"{name}_high": rate.high}
    return rows


def brier(labels: Sequence[bool], probabilities: Sequence[float | None]) -> float:
    """Mean squared distance of probability and label; NaN where there is no probability.

    Always saying the share of yes has share x (1 - share).
    """
    squares = [(label - p) ** 2 for label, p in zip(labels, probabilities, strict=True) if p is not None]
    return float(np.mean(squares)) if squares else rates.NAN


def calibration(labels: Sequence[bool], probabilities: Sequence[float | None]) -> list[dict[str, Any]]:
    """A row for each tenth of the scale that holds a probability.

    Their mean, and the share of texts that people affirm with its Wilson interval.
    """
    known = [(label, p) for label, p in zip(labels, probabilities, strict=True) if p is not None]
    rows = []
    for number in range(BINS):
        inside = [(label, p) for label, p in known if min(int(p * BINS), BINS - 1) == number]
        if inside:
            rate = rates.simple_rate([label for label, _ in inside])
            mean = float(np.mean([p for _, p in inside]))
            rows.append(
                {
                    "bin": number,
                    "probability": mean,
                    "share": rate.value,
                    "low": rate.low,
                    "high": rate.high,
                    "texts": rate.count,
                }
            )
    return rows
