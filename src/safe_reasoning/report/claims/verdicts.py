"""The rule that turns effects into a verdict."""

from __future__ import annotations

import math
from collections.abc import Sequence

from safe_reasoning.report.claims.estimates import Effect, Estimate
from safe_reasoning.report.scored import MOST_UNSCORED

VERDICTS = ("not run", "too few to decide", "not reproduced", "within noise", "reproduced")
# A refutation stands whatever else could not be measured
_WEAKEST_FIRST = ("not reproduced", "not run", "too few to decide", "within noise", "reproduced")


def judge(estimate: Estimate, threshold: float, comparisons: int = 1) -> str:
    """The verdict on one estimate out of so many that a claim is about."""
    if any(math.isnan(x) for x in (estimate.value, estimate.low, estimate.high)):
        return "not run"
    if estimate.low > threshold:
        return "reproduced"
    return "not reproduced" if estimate.simultaneous(comparisons).high < threshold else "within noise"


def weakest(verdicts: Sequence[str]) -> str:
    """The verdict that decides among several; `not run` where there is none."""
    return min(verdicts, key=_WEAKEST_FIRST.index, default="not run")


def verdict(found: Sequence[Effect], threshold: float) -> str:
    """The verdict on a claim about all of these effects.

    Reproduced when all 95 % intervals agree. Refuted when one disagrees that was widened so that
    all hold together, or when all disagree as they are. The two ways to refute share the level of
    5 %: each errs in at most 2.5 %.
    """
    alone = [_of_one(effect, threshold, len(found)) for effect in found]
    decided = all(one in ("not reproduced", "within noise", "reproduced") for one in alone)
    if found and decided and all(effect.estimate.high < threshold for effect in found):
        return "not reproduced"
    return weakest([*alone, *(effect.at_most for effect in found)])


def _of_one(effect: Effect, threshold: float, comparisons: int) -> str:
    if effect.too_few or effect.unscored > MOST_UNSCORED:
        return "too few to decide"
    return judge(effect.estimate, threshold, comparisons)
