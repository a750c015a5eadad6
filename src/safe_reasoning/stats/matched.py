"""Reading several quantities of a training off at the same loss of another one.

Trainings of different length can't be compared at their ends: the longer one does less harm and
costs more. So each is read at the last of its checkpoints at which enough is kept; where the next
one keeps too little, between the two, at the point at which a straight line crosses the threshold.

All arrays have the bootstrap's samples as first axis (the first sample is what was observed) and
the checkpoints in the order of training as second, the untrained model first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from safe_reasoning.stats.paired import newcombe_interval
from safe_reasoning.stats.rates import (
    ENOUGH_DIFFERING,
    NAN,
    Value,
    differing,
    effective_number,
    wilson_interval,
)
from safe_reasoning.stats.seed_spread import LEVEL


@dataclass(frozen=True)
class Place:
    """Where each sample is read: at checkpoint `index`, or a share `beyond` of the way to the next.

    Both of shape (samples,).
    """

    index: np.ndarray
    beyond: np.ndarray

    def read(self, values: np.ndarray) -> np.ndarray:
        """The values there, of shape (samples,), from values of shape (samples, checkpoints)."""
        rows = np.arange(len(self.index))
        here = values[rows, self.index]
        following = values[rows, np.minimum(self.index + 1, values.shape[1] - 1)]
        return np.asarray(np.where(self.beyond > 0, here + self.beyond * (following - here), here))


def last_kept(share_kept: np.ndarray, threshold: float) -> Place:
    """The last checkpoint that keeps at least the threshold, or the crossing behind it.

    Args:
        share_kept: what each checkpoint keeps of the untrained model's value, which is the first
            column (1); NaN counts as nothing kept. Shape (samples, checkpoints).
        threshold: at most 1.
    """
    number = share_kept.shape[1]
    enough = share_kept >= threshold
    enough[:, 0] = True
    index = number - 1 - np.argmax(enough[:, ::-1], axis=1)
    rows = np.arange(len(share_kept))
    here = share_kept[rows, index]
    following = share_kept[rows, np.minimum(index + 1, number - 1)]
    with np.errstate(invalid="ignore", divide="ignore"):
        beyond = (here - threshold) / (here - following)
    known = (index < number - 1) & np.isfinite(beyond)
    return Place(index, np.where(known, np.clip(beyond, 0, 1), 0.0))


@dataclass(frozen=True)
class Totals:
    """Sum and number of the scored values of each prompt of one group, both of shape (prompts,),
    and the number of values that were not scored.
    """

    prompt_set: str
    sums: np.ndarray
    counts: np.ndarray
    unscored: int

    def by_prompt(self) -> np.ndarray:
        """Mean value of each prompt; NaN where none was scored."""
        with np.errstate(invalid="ignore"):
            return np.asarray(self.sums / self.counts)


class Resampled:
    """Rates under the same bootstrap samples of each prompt set, whatever the method.

    Args:
        prompts: ids of the prompts of each set.
        samples: bootstrap samples; what was observed comes before them.
        seeds: of each set's samples.
    """

    def __init__(self, prompts: Mapping[str, Sequence[str]], samples: int, seeds: Mapping[str, int]) -> None:
        self._place = {name: {p: i for i, p in enumerate(ids)} for name, ids in prompts.items()}
        self._draws = {}
        for name, ids in prompts.items():
            rng = np.random.default_rng(seeds[name])
            drawn = rng.multinomial(len(ids), np.full(len(ids), 1 / len(ids)), size=samples)
            self._draws[name] = np.vstack([np.ones((1, len(ids))), drawn])

    def totals(self, prompt_set: str, prompts: Sequence[str], values: Sequence[Value]) -> Totals:
        """Totals of one group's values, one for each sample of a prompt."""
        place = self._place[prompt_set]
        sums, counts = np.zeros(len(place)), np.zeros(len(place))
        for prompt, value in zip(prompts, values, strict=True):
            if value is not None:
                sums[place[prompt]] += float(value)
                counts[place[prompt]] += 1
        return Totals(prompt_set, sums, counts, len(values) - int(counts.sum()))

    def mean_rate(self, groups: Sequence[Totals]) -> np.ndarray:
        """Mean over groups of their rates in each sample; NaN where nothing drawn was scored."""
        with np.errstate(invalid="ignore"):
            rates = [
                (self._draws[t.prompt_set] @ t.sums) / (self._draws[t.prompt_set] @ t.counts) for t in groups
            ]
        return np.asarray(np.mean(rates, axis=0))


@dataclass(frozen=True)
class Read:
    """What one training has of one cell where it is read.

    Attributes:
        rates: of all bootstrap samples, the observed one first.
        by_prompt: observed mean of each prompt, by group.
        scored: values at the checkpoint before that place.
        unscored: values without a score there.
    """

    rates: np.ndarray
    by_prompt: list[np.ndarray]
    scored: int
    unscored: int

    def unscored_share(self) -> float:
        """Share of the values that were not scored."""
        return self.unscored / max(1, self.scored + self.unscored)


def read_off(place: Place, rates: np.ndarray, checkpoints: Sequence[Sequence[Totals]]) -> Read:
    """A cell where a training is read: `rates` of shape (samples, checkpoints) and the totals of
    its groups at each checkpoint.
    """
    index, beyond = int(place.index[0]), float(place.beyond[0])
    here, following = checkpoints[index], checkpoints[min(index + 1, len(checkpoints) - 1)]
    by_prompt = [
        first.by_prompt() if not beyond else (1 - beyond) * first.by_prompt() + beyond * second.by_prompt()
        for first, second in zip(here, following, strict=True)
    ]
    scored = sum(int(totals.counts.sum()) for totals in here)
    return Read(place.read(rates), by_prompt, scored, sum(totals.unscored for totals in here))


Spread = tuple[float, float, float, list[float]]  # value, interval over prompts, value of each seed


def rate_over_seeds(seeds: Sequence[Read]) -> Spread:
    """Mean rate over seeds with its 95 % interval over prompts; see `rates.clustered_rate` for few
    differing prompts. NaN where a group has no scored value.
    """
    mean = np.mean([read.rates for read in seeds], axis=0)
    groups = [
        _known(np.mean(parts, axis=0)) for parts in zip(*(read.by_prompt for read in seeds), strict=True)
    ]
    if not all(map(len, groups)):
        return NAN, NAN, NAN, [NAN for _ in seeds]
    low, high = _interval(mean)
    if sum(map(differing, groups)) < ENOUGH_DIFFERING:
        number = effective_number([len(group) for group in groups])
        wilson = wilson_interval(float(mean[0]) * number, number)
        low, high = min(low, wilson[0]), max(high, wilson[1])
    return float(mean[0]), low, high, [float(read.rates[0]) for read in seeds]


def difference_over_seeds(sides: Sequence[tuple[Read, Read]]) -> Spread:
    """Mean over seeds of a method's rate minus its reference's, on the same prompts, likewise."""
    each = [ours.rates - theirs.rates for ours, theirs in sides]
    mean = np.mean(each, axis=0)
    groups = [
        _known(np.mean([a - b for a, b in parts], axis=0))
        for parts in zip(*(zip(o.by_prompt, t.by_prompt, strict=True) for o, t in sides), strict=True)
    ]
    if not all(map(len, groups)):
        return NAN, NAN, NAN, [NAN for _ in sides]
    low, high = _interval(mean)
    if sum(map(differing, groups)) < ENOUGH_DIFFERING:
        newcombe = newcombe_interval(groups, effective_number([len(group) for group in groups]))
        low, high = min(low, newcombe[0]), max(high, newcombe[1])
    return float(mean[0]), low, high, [float(one[0]) for one in each]


def _known(values: np.ndarray) -> np.ndarray:
    return values[~np.isnan(values)]


def _interval(samples: np.ndarray) -> tuple[float, float]:
    low, high = np.nanquantile(samples[1:], [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)
