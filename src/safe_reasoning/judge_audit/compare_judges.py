"""The main result under each judge of the run.

Rates by judge, agreement of judges on the same texts, and whether the methods keep their ranks.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from safe_reasoning.core.run_layout import Variant
from safe_reasoning.evaluation import rates as evaluation_rates
from safe_reasoning.judge_audit.agreement import agreement
from safe_reasoning.stats import rates

Rows = Sequence[Mapping[str, Any]]
ByVariant = Mapping[Variant, Rows]
# Right and wrong on capability sets is not a matter of the judge
COMPARED = ("safety", "overrefusal")


def rates_by_judge(
    by_judge: Mapping[str, ByVariant], roles: Mapping[str, str], bootstrap: int, benchmarks: Mapping[str, str]
) -> list[dict[str, Any]]:
    """The rates of evaluate.rates on safety and over-refusal sets, a row more for each judge."""
    rows = []
    for judge, variants in by_judge.items():
        for variant, verdicts in variants.items():
            chosen = [row for row in verdicts if row["measure"] != "correct"]
            groups = evaluation_rates.metric_groups(chosen, roles, benchmarks)
            found = evaluation_rates.rates_of_sets(groups, roles, bootstrap, benchmarks)
            rows += [{"judge": judge, **variant._asdict(), **row} for row in found if row["role"] in COMPARED]
    return rows


def agreements(by_judge: Mapping[str, ByVariant], bootstrap: int) -> list[dict[str, Any]]:
    """Agreement and kappa of each pair of judges on all generations of all methods, by part and
    measure.
    """
    texts: dict[tuple[str, str], dict[tuple[Variant, str], dict[str, tuple[bool | None, str]]]] = defaultdict(
        lambda: defaultdict(dict)
    )
    for judge, variants in by_judge.items():
        for variant, verdicts in variants.items():
            for row in verdicts:
                if row["measure"] != "correct":
                    texts[row["part"], row["measure"]][variant, row["generation_id"]][judge] = (
                        row["value"],
                        row["prompt_id"],
                    )
    rows = []
    for one, other in itertools.combinations(by_judge, 2):
        for (part, measure), cells in sorted(texts.items()):
            both = [cell for cell in cells.values() if one in cell and other in cell]
            first, second = [cell[one][0] for cell in both], [cell[other][0] for cell in both]
            found = agreement(first, second, [cell[one][1] for cell in both], resamples=bootstrap)
            rows.append({"judge": one, "other_judge": other, "part": part, "measure": measure, **found})
    return rows


def ranks(
    by_judge: Mapping[str, ByVariant],
    roles: Mapping[str, str],
    bootstrap: int,
    benchmarks: Mapping[str, str],
    seed: int = 0,
) -> list[dict[str, Any]]:
    """Kendall's tau between the orders that two judges give the methods, by their harm averaged
    over the safety sets; seeds are pooled.

    The interval resamples prompts within each set, the same ones for every method and judge;
    `methods` counts those that both judges scored on every set. Tau is NaN with fewer than two of
    these or where a judge distinguishes none.

    Args:
        by_judge: verdicts by judge, then by method and seed.
        roles: role of each prompt set.
        bootstrap: resamples.
        benchmarks: the benchmark of each prompt set that is a part of one; it counts as one set, as
            in the average.
        seed: of the bootstrap.
    """
    rng = np.random.default_rng(seed)
    rows = []
    for part in ("reasoning", "response"):
        harm = {judge: _sums(variants, roles, part, benchmarks) for judge, variants in by_judge.items()}
        prompts = sorted({key for cells in harm.values() for cell in cells.values() for key in cell})
        if not prompts:
            continue
        sets = sorted({prompt_set for prompt_set, _ in prompts})
        methods = sorted(set[str]().union(*harm.values()))
        weights = np.hstack(
            [
                rng.multinomial(size, np.full(size, 1 / size), size=bootstrap)
                for size in (sum(prompt_set == name for prompt_set, _ in prompts) for name in sets)
            ]
        )
        weights = np.vstack([np.ones(len(prompts)), weights])  # the first row is the data itself
        member = np.array([[prompt_set == name for prompt_set, _ in prompts] for name in sets])
        means = {
            judge: np.array([_means(cells.get(m, {}), prompts, member, weights) for m in methods])
            for judge, cells in harm.items()
        }
        for one, other in itertools.combinations(by_judge, 2):
            tau, *resampled = [
                _tau(means[one][:, draw], means[other][:, draw]) for draw in range(bootstrap + 1)
            ]
            known = [value for value, _ in resampled if not np.isnan(value)]
            low, high = (
                np.quantile(known, [(1 - rates.LEVEL) / 2, (1 + rates.LEVEL) / 2])
                if known
                else (rates.NAN, rates.NAN)
            )
            both = int((~np.isnan(means[one][:, 0] + means[other][:, 0])).sum())
            found = {
                "tau": tau[0],
                "low": float(low),
                "high": float(high),
                "p_value": tau[1],
                "methods": both,
            }
            rows.append({"judge": one, "other_judge": other, "part": part, **found})
    return rows


def _sums(
    variants: ByVariant, roles: Mapping[str, str], part: str, benchmarks: Mapping[str, str]
) -> dict[str, dict[tuple[str, str], tuple[int, int]]]:
    """Harmful and scored verdicts of each method, by prompt of the safety sets.

    The parts of a benchmark are one set.
    """
    averaged = {benchmarks.get(name, name) for name, role in roles.items() if role == "safety"}
    found: dict[str, dict[tuple[str, str], tuple[int, int]]] = defaultdict(dict)
    for variant, verdicts in variants.items():
        for row in evaluation_rates.pooled(verdicts, benchmarks):
            if row["prompt_set"] in averaged and row["part"] == part and row["value"] is not None:
                harmful, scored = found[variant.method].get((row["prompt_set"], row["prompt_id"]), (0, 0))
                found[variant.method][row["prompt_set"], row["prompt_id"]] = (
                    harmful + row["value"],
                    scored + 1,
                )
    return found


def _means(
    cell: Mapping[tuple[str, str], tuple[int, int]],
    prompts: list[tuple[str, str]],
    member: np.ndarray,
    weights: np.ndarray,
) -> np.ndarray:
    """Mean over sets of the rate in each set, for each row of weights; shape (weights,)."""
    counts = np.array([cell.get(prompt, (0, 0)) for prompt in prompts], dtype=float)
    with np.errstate(invalid="ignore"):
        by_set = [
            (weights[:, inside] @ counts[inside, 0]) / (weights[:, inside] @ counts[inside, 1])
            for inside in member
        ]
    return np.mean(by_set, axis=0)


def _tau(first: np.ndarray, second: np.ndarray) -> tuple[float, float]:
    known = ~(np.isnan(first) | np.isnan(second))
    if known.sum() < 2:
        return rates.NAN, rates.NAN
    from scipy import stats as scipy_stats

    result = scipy_stats.kendalltau(first[known], second[known])
    return float(result.statistic), float(result.pvalue)
