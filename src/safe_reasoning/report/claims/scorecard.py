"""Scorecard of the paper's claims against what this run measured.

One rule for all: a claim is turned into effects with 95 % intervals and a threshold. `reproduced`
when the whole interval lies on the claim's side of the threshold, `not reproduced` when it lies
wholly on the other side, `within noise` when it straddles it, `not run` when the run measured
nothing for it. The threshold is zero (a direction), except where the paper names a number or a
claim says "many": then it stands in the claim.

With several models or comparisons the weakest decides. Many comparisons are accounted for where
they matter: a claim about all of them needs every interval on its side, which no number of
comparisons makes easier by chance, so the 95 % intervals stand (an intersection-union test); one
comparison is enough to refute it, and the more there are, the likelier one strays, so there
intervals count that hold together in 95 % (Bonferroni, see `Estimate.simultaneous`).

Rates and differences of trained methods are means over the run's training seeds, and their
intervals hold the spread between seeds. The scorecard says on how many seeds a verdict rests.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from safe_reasoning.report.claims.claims import CLAIMS
from safe_reasoning.report.claims.estimates import Effect, Estimate

CAPTION = """
**Scorecard.** Each claim is turned into an effect with a 95 % interval, and one rule holds for
all: *reproduced* when the whole interval lies on the claim's side of the threshold, *not
reproduced* when it lies wholly on the other side, *within noise* when it straddles the threshold,
*not run* when nothing was measured. The threshold is zero, a direction, unless the claim names a
number. Of several comparisons or models the weakest decides; to refute a claim by one of several,
the intervals are widened until all of them hold together in 95 % (Bonferroni), to reproduce it
every 95 % interval must agree. Rates and differences are means over the training seeds, and their
intervals hold the spread between seeds; with one seed that spread is unknown, which the small
print says. Small samples give wide intervals, so *within noise* often means that this run was too
small to decide. Letters are the marks of published values (A several readers agree, B one reader, C
inferred from a chart).
"""

VERDICTS = ("not run", "not reproduced", "within noise", "reproduced")


def judge(estimate: Estimate, threshold: float, comparisons: int = 1) -> str:
    """The verdict on one effect out of so many that a claim is about."""
    if any(math.isnan(x) for x in (estimate.value, estimate.low, estimate.high)):
        return "not run"
    if estimate.low > threshold:
        return "reproduced"
    return "not reproduced" if estimate.simultaneous(comparisons).high < threshold else "within noise"


def trainings(found: Sequence[Effect]) -> str:
    """On how many trainings effects rest, in words."""
    seeds = sorted({effect.estimate.seeds for effect in found if effect.trained})
    if not seeds:
        return "the base model alone" if found else ""
    if seeds == [1]:
        return "one training seed: the spread between trainings is unknown"
    number = " to ".join(str(n) for n in dict.fromkeys((seeds[0], seeds[-1])))
    intervals = any(
        effect.estimate.low < effect.estimate.high for effect in found
    )  # there is none for counts, such as generations, and for NaN
    return f"{number} training seeds" + (", their spread is in the intervals" if intervals else "")


def _rule(threshold: float, comparisons: int) -> str:
    unit = " %" if threshold > 0 else " points" if threshold < 0 else ""
    rule = f"interval above {100 * threshold:g}{unit}"
    return rule if comparisons < 2 else f"{rule}, in all of {comparisons} comparisons"


def score(metrics: Path) -> pd.DataFrame:
    """The scorecard: a row a claim. A claim whose metrics are missing is `not run`."""
    rows = []
    for claim in CLAIMS:
        found = claim.effects(metrics)
        verdicts = [judge(effect.estimate, claim.threshold, len(found)) for effect in found]
        rows.append(
            {
                "id": claim.name,
                "claim": claim.claim,
                "source": claim.source,
                "paper": claim.paper,
                "ours": "; ".join(effect.text for effect in found),
                "rests on": trainings(found),
                "rule": _rule(claim.threshold, len(found)),
                "verdict": min(verdicts, key=VERDICTS.index, default="not run"),
            }
        )
    return pd.DataFrame(rows)
