"""How well a monitor finds what it looks for: rates, and ranking by a score, with intervals.

Samples of one prompt are alike, so intervals resample prompts (`rates.py`). Of samples that should
be found (positives) and others (negatives):

- TPR and TNR: shares of positives and of negatives that the monitor calls rightly;
- g-mean squared: TPR x TNR. A monitor that says "found" with probability p, whatever it reads, has
  p (1 - p) in expectation; one that always says the same has 0;
- AUROC: chance that a positive scores above a negative, ties one half;
- TPR at a false positive rate: with the lowest threshold that calls at most that share of the
  negatives found.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np

from safe_reasoning.stats.rates import ENOUGH_DIFFERING, NAN, Rate, clustered_rate, wilson_interval
from safe_reasoning.stats.seed_spread import LEVEL

BLOCK = 200  # resamples that are held at once


def monitor_rates(
    found: Sequence[bool], positive: Sequence[bool], clusters: Sequence[Hashable], *, resamples: int = 2000
) -> dict[str, Rate]:
    """TPR, TNR and g-mean squared of a monitor; NaN without positives, or without negatives.

    The interval of g-mean squared is the product of the ends of the other two: wider than a joint
    bootstrap's, and never falsely narrow where there are few positives.

    Args:
        found: what the monitor says of each sample.
        positive: whether it should be found.
        clusters: the prompt of each sample.
        resamples: bootstrap samples.
    """
    samples = list(zip(found, positive, clusters, strict=True))
    rates = {}
    for name, wanted in (("tpr", True), ("tnr", False)):
        of_kind = [(says == wanted, cluster) for says, is_one, cluster in samples if is_one == wanted]
        values, prompts = [value for value, _ in of_kind], [cluster for _, cluster in of_kind]
        rates[name] = clustered_rate(values, prompts, resamples=resamples)
    tpr, tnr = rates["tpr"], rates["tnr"]
    ends = tpr.value * tnr.value, tpr.low * tnr.low, tpr.high * tnr.high
    rates["gmean2"] = Rate(*ends, len(samples), len(set(clusters)), 0)
    return rates


def ranking(
    scores: Sequence[float],
    positive: Sequence[bool],
    clusters: Sequence[Hashable],
    *,
    at: float = 0.05,
    resamples: int = 2000,
    seed: int = 0,
) -> dict[str, Rate]:
    """AUROC, and TPR at the false positive rate `at`; NaN without positives or negatives.

    Percentile bootstrap over clusters. Where either kind has fewer than ENOUGH_DIFFERING of them,
    or all resamples agree, the interval reaches at least as far as Wilson's with that number.

    Args:
        scores: higher for what the monitor finds likelier.
        positive: whether each sample should be found.
        clusters: the prompt of each sample.
        at: share of the negatives that may be called found.
        resamples: bootstrap samples.
        seed: of the bootstrap.
    """
    score, label = np.asarray(scores, float), np.asarray(positive, bool)
    ids, cluster = np.unique([str(one) for one in clusters], return_inverse=True)
    few = min(len(np.unique(cluster[label])), len(np.unique(cluster[~label])))
    if not few:
        return {name: Rate(NAN, NAN, NAN, len(score), len(ids), 0) for name in ("auroc", "tpr_at")}
    wins, once = _wins(score, label, cluster, len(ids)), np.ones((1, len(ids)))
    values = {
        "auroc": _auroc(once, wins, label, cluster)[0],
        "tpr_at": _tpr_at(once, score, label, cluster, at)[0],
    }
    rng = np.random.default_rng(seed)
    drawn: dict[str, list[np.ndarray]] = {name: [] for name in values}
    for start in range(0, resamples, BLOCK):
        size = min(BLOCK, resamples - start)
        draws = rng.multinomial(len(ids), np.full(len(ids), 1 / len(ids)), size=size).astype(float)
        drawn["auroc"].append(_auroc(draws, wins, label, cluster))
        drawn["tpr_at"].append(_tpr_at(draws, score, label, cluster, at))
    found = {}
    for name, value in values.items():
        low, high = _ends(np.concatenate(drawn[name]), float(value), few)
        found[name] = Rate(float(value), low, high, len(score), len(ids), 0)
    return found


def _ends(resampled: np.ndarray, value: float, number: int) -> tuple[float, float]:
    """The interval; resamples without positives or negatives have no value."""
    known = resampled[~np.isnan(resampled)]
    wilson = wilson_interval(value * number, number)
    if not len(known):
        return wilson
    low, high = map(float, np.quantile(known, [(1 - LEVEL) / 2, (1 + LEVEL) / 2]))
    if number < ENOUGH_DIFFERING or low == high:
        return min(low, wilson[0]), max(high, wilson[1])
    return low, high


def _wins(score: np.ndarray, label: np.ndarray, cluster: np.ndarray, count: int) -> np.ndarray:
    """Pairs that are ranked rightly, by the cluster of the positive and that of the negative; shape
    (clusters, clusters).
    """
    table, negatives = np.zeros((count, count)), score[~label]
    for number in np.unique(cluster[label]):
        own = score[label & (cluster == number)][:, None]
        right = (own > negatives).sum(axis=0) + 0.5 * (own == negatives).sum(axis=0)
        table[number] = np.bincount(cluster[~label], weights=right, minlength=count)
    return table


def _auroc(draws: np.ndarray, wins: np.ndarray, label: np.ndarray, cluster: np.ndarray) -> np.ndarray:
    """AUROC of each draw (how often each cluster was drawn), shape (draws,)."""
    count = draws.shape[1]
    positives = draws @ np.bincount(cluster[label], minlength=count)
    negatives = draws @ np.bincount(cluster[~label], minlength=count)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(((draws @ wins) * draws).sum(axis=1) / (positives * negatives))


def _tpr_at(
    draws: np.ndarray, score: np.ndarray, label: np.ndarray, cluster: np.ndarray, at: float
) -> np.ndarray:
    """TPR of each draw above the highest score that the negatives' share allows, shape (draws,)."""
    down, up = np.argsort(-score[~label], kind="stable"), np.argsort(score[label], kind="stable")
    negatives, positives = score[~label][down], score[label][up]
    over = np.cumsum(draws[:, cluster[~label][down]], axis=1)
    first = np.argmax(over > at * over[:, -1:] + 1e-9, axis=1)  # the first one too many
    weights = np.cumsum(draws[:, cluster[label][up]], axis=1)
    below = np.searchsorted(positives, negatives[first], side="right")  # positives that are not above it
    missed = np.where(below > 0, weights[np.arange(len(draws)), np.maximum(below - 1, 0)], 0.0)
    total = weights[:, -1]
    known = (total > 0) & (over[:, -1] > 0)
    return np.where(known, 1 - missed / np.where(known, total, 1), NAN)
