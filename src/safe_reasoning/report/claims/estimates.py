"""Estimates and effects with intervals, read from metric tables."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import pandas as pd

from safe_reasoning.report.scored import MOST_UNSCORED
from safe_reasoning.stats import seed_spread


@dataclass(frozen=True)
class Estimate:
    """A value with its 95 % interval, over so many training seeds."""

    value: float
    low: float
    high: float
    seeds: int = 1

    def minus(self, other: Estimate) -> Estimate:
        """The difference, intervals combined by squares (MOVER)."""
        value = self.value - other.value
        low = value - math.hypot(self.value - self.low, other.high - other.value)
        high = value + math.hypot(self.high - self.value, other.value - other.low)
        return Estimate(value, low, high, min(self.seeds, other.seeds))

    def scaled(self, factor: float) -> Estimate:
        """Times a positive number."""
        return Estimate(factor * self.value, factor * self.low, factor * self.high, self.seeds)

    def simultaneous(self, comparisons: int) -> Estimate:
        """With an interval so wide that those of all comparisons hold together in 95 %
        (Bonferroni), widened as the quantile grows: Student's where seeds are several.
        """
        wider = seed_spread.quantile(
            1 - (1 - seed_spread.LEVEL) / comparisons, self.seeds
        ) / seed_spread.quantile(seed_spread.LEVEL, self.seeds)
        return Estimate(
            self.value,
            self.value - wider * (self.value - self.low),
            self.value + wider * (self.high - self.value),
            self.seeds,
        )


@dataclass(frozen=True)
class Bases:
    """Several bases behind one effect: its value on each, and the trainings of each."""

    values: Mapping[str, float]
    seeds: int


@dataclass(frozen=True)
class Effect:
    """An estimate that a claim is about.

    Attributes:
        estimate: with its interval.
        text: how the scorecard prints it.
        trained: whether trained methods lie behind it or the base alone.
        unscored: share of unscored answers, of the side that has more.
        too_few: too few points to decide, whatever was scored.
        at_most: the best verdict that what stands beside the effect allows.
        matched: whether the methods are compared where they keep the same help.
        bases: behind the estimate, where it is over several; its `seeds` are then the bases.
    """

    estimate: Estimate
    text: str
    trained: bool = True
    unscored: float = 0.0
    too_few: bool = False
    at_most: str = "reproduced"
    matched: bool = False
    bases: Bases | None = None


Effects = Callable[[Path], list[Effect]]


def read(metrics: Path, table: str) -> pd.DataFrame:
    """A metrics table, empty when the run has none. Not to be changed: the claims share it."""
    changed = stamp(metrics, table)
    return _parsed(metrics / f"{table}.csv", changed) if changed else pd.DataFrame()


def stamp(metrics: Path, table: str) -> int:
    """When a metrics table was written; 0 when the run has none."""
    path = metrics / f"{table}.csv"
    return path.stat().st_mtime_ns if path.exists() and path.stat().st_size > 1 else 0


@lru_cache(maxsize=64)
def _parsed(path: Path, changed: int) -> pd.DataFrame:
    return pd.read_csv(path)


def estimate(row: pd.Series, value: str) -> Estimate:
    """A row's value with its interval and number of seeds."""
    return Estimate(float(row[value]), float(row["low"]), float(row["high"]), int(row.get("seeds", 1)))


def mean(rows: pd.DataFrame, value: str) -> Estimate:
    """Mean of rows on the same prompts: bounds averaged too, which is cautious."""
    seeds = int(rows["seeds"].min()) if "seeds" in rows else 1
    return Estimate(float(rows[value].mean()), float(rows["low"].mean()), float(rows["high"].mean()), seeds)


def mean_of_seeds(of_seeds: Sequence[Estimate]) -> Estimate:
    """Mean of the estimates of several seeds on the same prompts.

    Bounds averaged, which is cautious, and the spread between seeds added.
    """
    value, low, high = (
        sum(getattr(e, name) for e in of_seeds) / len(of_seeds) for name in ("value", "low", "high")
    )
    return Estimate(
        value, *seed_spread.interval(value, low, high, [e.value for e in of_seeds]), len(of_seeds)
    )


def effect(
    name: str,
    e: Estimate,
    unit: str = " points",
    scale: float = 100,
    n: str = "",
    trained: bool = True,
    unscored: float = 0.0,
    too_few: bool = False,
) -> Effect:
    """An estimate with the line that reports it."""
    digits = 1 if scale == 100 else 2
    size = (f", n = {n}" if n else "") + (f", {e.seeds} seeds" if trained and e.seeds > 1 else "")
    if math.isnan(e.value):
        message = f"{name}: too few to decide{size}"
    else:
        ends = f"[{scale * e.low:.{digits}f}, {scale * e.high:.{digits}f}]"
        message = f"{name}: {scale * e.value:.{digits}f}{unit} {ends}{size}"
    if unscored > MOST_UNSCORED:
        message += f", too few scored: {100 * unscored:.1f} % of one side are not"
    return Effect(e, message, trained, unscored, too_few)
