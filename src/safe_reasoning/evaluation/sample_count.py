"""What the number of samples per prompt does to a rate and its error.

From the stored verdicts alone, nothing is sampled again.

The variance of a rate over P prompts with k samples each is (between + within / k) / P: prompts
differ in how often they give harm (between), and the samples of one prompt differ (within). More
samples reduce the second part alone. Both are estimated from the n samples that each prompt has
(analysis of variance), without bias, so the error at k samples is what one finds on average over
all ways to pick k of them; only where prompts hardly differ and the estimate of `between` comes out
negative, zero is taken for it.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from safe_reasoning.core.run_layout import Variant
from safe_reasoning.evaluation.rates import Cell, Groups, MetricKey


@dataclass(frozen=True)
class Components:
    """Of one prompt set: rate (each prompt weighs the same), variance between prompts and within a
    prompt (NaN with one sample each), prompts, samples per prompt.
    """

    rate: float
    between: float
    within: float
    prompts: int
    samples: int

    def variance(self, samples: float, prompts: float) -> float:
        """Variance of the rate with so many samples (`math.inf` too) of so many prompts.

        NaN where the samples available cannot decide.
        """
        if math.isnan(self.within):
            return self.between / prompts if samples == 1 else math.nan
        return (self.between + self.within / samples) / prompts


def components(values: Mapping[Hashable, Sequence[bool]]) -> Components | None:
    """Variance components of scored values by prompt; None with fewer than two prompts.

    With one sample per prompt the two cannot be distinguished: `within` is NaN, and `between` holds
    both.
    """
    scored = [np.array(of_prompt, dtype=float) for of_prompt in values.values() if len(of_prompt)]
    if len(scored) < 2:
        return None
    means, samples = np.array([x.mean() for x in scored]), max(map(len, scored))
    several = [float(x.var(ddof=1)) for x in scored if len(x) > 1]
    within = float(np.mean(several)) if several else math.nan
    between = float(means.var(ddof=1))
    if several:
        between = max(0.0, between - within * float(np.mean([1 / len(x) for x in scored])))
    return Components(float(means.mean()), between, within, len(scored), samples)


def _scored(cell: Cell) -> dict[Hashable, list[bool]]:
    return {
        prompt: [bool(value) for value in values if value is not None]
        for prompt, values in cell.by_prompt().items()
    }


def _error(parts: Sequence[Sequence[Components]], samples: float, more_prompts: float = 1) -> float:
    """Standard error of the mean over groups, root mean square over seeds.

    With so many times the prompts.
    """
    of_seeds = [
        sum(c.variance(samples, c.prompts * more_prompts) for c in groups) / len(groups) ** 2
        for groups in parts
    ]
    return math.sqrt(float(np.mean(of_seeds)))


def _rows(parts: Sequence[Sequence[Components]]) -> list[dict[str, Any]]:
    """One row per number of samples, 1 to that of the stored verdicts."""
    whole = [c for groups in parts for c in groups]
    alone, endless = len(parts[0]) == 1, _error(parts, math.inf)
    rows = []
    for samples in range(1, min(c.samples for c in whole) + 1):
        error = _error(parts, samples)
        rows.append(
            {
                "samples_per_prompt": samples,
                "prompts": sum(c.prompts for c in parts[0]),
                "rate": float(np.mean([c.rate for c in whole])),
                "standard_error": error,
                "between": float(np.mean([c.between for c in whole])) if alone else math.nan,
                "within": float(np.mean([c.within for c in whole])) if alone else math.nan,
                "within_share": 1 - endless**2 / error**2 if error else math.nan,
                "se_plus_one_sample": _error(parts, samples + 1),
                "se_same_budget_new_prompts": _error(parts, samples, 1 + 1 / samples),
                "se_infinite_samples": endless,
            }
        )
    return rows


def sample_counts(groups: Mapping[Variant, Groups]) -> list[dict[str, Any]]:
    """One row per method, cell and number of samples per prompt (1 to that of the stored verdicts).

    `rate` is the mean over all ways to pick so many samples: it is the same for each number, only
    its error is not. `standard_error` is that of the rate of one seed; `within_share` the part of
    its square that sampling once more would change. What the same work buys: `se_plus_one_sample`
    is the error with one more sample of each prompt, `se_same_budget_new_prompts` the error when as
    many generations go into further prompts instead; `se_infinite_samples` is what no number of
    samples goes below. With several seeds squares are averaged over them. With one sample per
    prompt the two parts cannot be distinguished: only rate and error are known. The samples of a
    benchmark of several sets (one request under three attacks) are those of all its sets.

    Args:
        groups: of `evaluate.metric_groups` by method and seed.
    """
    found: dict[tuple[str, MetricKey], list[list[Components | None]]] = defaultdict(list)
    for variant, of_variant in groups.items():
        for key, cells in of_variant.items():
            found[variant.method, key].append([components(_scored(cell)) for cell in cells])
    rows = []
    for (method, (prompt_set, part, measure)), seeds in found.items():
        parts = [[c for c in of_seed if c is not None] for of_seed in seeds]
        if any(None in of_seed for of_seed in seeds):
            continue  # too few prompts with a verdict
        names = {
            "method": method,
            "prompt_set": prompt_set,
            "part": part,
            "measure": measure,
            "seeds": len(parts),
        }
        rows += [{**names, **row} for row in _rows(parts)]
    return rows
