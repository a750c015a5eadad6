"""Metrics over all training seeds of a method.

Mean rates with the spread between seeds, and paired differences between methods.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from safe_reasoning.core.run_layout import Variant
from safe_reasoning.evaluation.rates import Groups, MetricKey, Row, metric_groups, rates_of_sets
from safe_reasoning.stats import paired, rates, seed_spread

# What is compared, and with which reference: all methods with the base and with both stages of IPO,
# and the pairs that a claim of the scorecard is about.
REFERENCES = ("base", "ipo", "ipo_stage2")
FURTHER = (("grpo_y", "grpo_zy"), ("sft", "dpo_full"))
# Of the table of paired differences, for one that has no rows: a base alone
NAMES = ("method", "reference", "prompt_set", "part", "measure")
NUMBERS = ("difference", "low", "high", "sd", "seeds", "prompt_low", "prompt_high", "p_value", "prompts")
DIFFERENCE_COLUMNS = (*NAMES, *NUMBERS, "p_adjusted")


def rates_over_seeds(
    rows: Sequence[Mapping[str, Any]],
    groups: Mapping[Variant, Groups],
    bootstrap: int,
    untrained: Collection[str] = ("base",),
) -> list[dict[str, Any]]:
    """One row per method and cell.

    Mean rate over seeds, standard deviation between seeds, and the 95 % interval of the mean (see
    `seed_spread`).

    `prompt_low` and `prompt_high` are the interval over the choice of prompts alone, which is the
    one for the trainings available. With one seed it is the whole interval and the deviation is
    NaN. A seed in which nothing was scored is left out. Weights that are the same under every seed
    have no spread of trainings: their seeds are further samples.

    Args:
        rows: `evaluate.rates` of each method and seed, with their names.
        groups: of `evaluate.metric_groups`, the verdicts behind them.
        bootstrap: resamples.
        untrained: methods whose weights are the same under every seed: the base, and what others
            have released.
    """
    found: dict[tuple[str, MetricKey], list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        found[row["method"], (row["prompt_set"], row["part"], row["measure"])].append(row)
    out = []
    for (method, key), of_cell in found.items():
        scored = [row for row in of_cell if not np.isnan(row["rate"])] or of_cell[:1]
        new = {**scored[0], "unscored": sum(row["unscored"] for row in of_cell)}
        low, high, by_seed = new["low"], new["high"], [row["rate"] for row in scored]
        if len(scored) > 1:
            cells = [[cell.group for cell in groups[Variant(method, row["seed"])][key]] for row in scored]
            rate, mean = rates.mean_over_seeds(cells, resamples=bootstrap), float(np.mean(by_seed))
            low, high = rate.low, rate.high
            ends = (low, high) if method in untrained else seed_spread.interval(mean, low, high, by_seed)
            new |= {
                "rate": mean,
                "low": max(ends[0], 0.0),  # in this order NaN stays
                "high": min(ends[1], 1.0),
                "prompts": rate.clusters,
                "samples": rate.count,
            }
        new |= {
            "sd": rates.NAN if method in untrained else seed_spread.deviation(by_seed),
            "seeds": len(scored),
            "prompt_low": low,
            "prompt_high": high,
        }
        out.append({name: value for name, value in new.items() if name != "seed"})
    return out


def measured_over_seeds(
    values: Mapping[Variant, Iterable[Row]],
    roles: Mapping[str, str],
    benchmarks: Mapping[str, str],
    untrained: Collection[str],
    bootstrap: int,
) -> list[dict[str, Any]]:
    """Means of any values between 0 and 1 over prompts and seeds, as if they were verdicts.

    Args:
        values: by method and seed, rows with prompt_set, prompt_id, part, measure and value; None
            is left out and counted.
        roles: role of each prompt set.
        benchmarks: the benchmark of each prompt set that is a part of one.
        untrained: methods whose weights are the same under every seed.
        bootstrap: resamples.

    Returns:
        Rows as of `rates_over_seeds`, the averages over sets among them.
    """
    groups = {variant: metric_groups(rows, roles, benchmarks) for variant, rows in values.items()}
    by_seed = [
        {**variant._asdict(), **row}
        for variant, of_variant in groups.items()
        for row in rates_of_sets(of_variant, roles, bootstrap, benchmarks)
    ]
    return rates_over_seeds(by_seed, groups, bootstrap, untrained)


def contrasts(methods: Sequence[str]) -> list[tuple[str, str]]:
    """Pairs (method, reference) to compare, each pair once."""
    pairs = [
        (method, reference)
        for reference in REFERENCES
        for method in methods
        if method not in REFERENCES[: REFERENCES.index(reference) + 1]
    ]
    return [pair for pair in [*pairs, *FURTHER] if set(pair) <= set(methods)]


def paired_differences(
    groups: Mapping[Variant, Groups],
    bootstrap: int,
    untrained: Collection[str] = ("base",),
) -> list[dict[str, Any]]:
    """Differences between methods on the same prompts, mean over the seeds that both have, with
    p-values that are Holm-adjusted over all rows of the table: one family.

    Seeds are paired too: method and reference of one seed shared their draws. See
    `paired.paired_difference` for interval and p-value.

    Args:
        groups: of `evaluate.metric_groups` by method and seed.
        bootstrap: resamples.
        untrained: as in `rates`; between two of these no trainings differ.
    """
    by_variant = {variant: _by_prompt(of_variant) for variant, of_variant in groups.items()}
    seeds: dict[str, list[int]] = defaultdict(list)
    for variant in sorted(groups, key=lambda variant: variant.seed):
        seeds[variant.method].append(variant.seed)
    rows: list[dict[str, Any]] = []
    for method, reference in contrasts(list(dict.fromkeys(variant.method for variant in groups))):
        sides = [
            (by_variant[Variant(method, s)], by_variant[Variant(reference, s)])
            for s in seeds[method]
            if s in seeds[reference]
        ]
        for key in sides[0][0] if sides else ():
            if any(key not in side for both in sides for side in both):
                continue
            trained = not {method, reference} <= set(untrained)
            seeds_of_key = [list(zip(ours[key], theirs[key], strict=True)) for ours, theirs in sides]
            found = paired.paired_difference(seeds_of_key, resamples=bootstrap, trained=trained)
            names = {
                "method": method,
                "reference": reference,
                "prompt_set": key[0],
                "part": key[1],
                "measure": key[2],
            }
            rows.append(
                {
                    **names,
                    "difference": found.value,
                    "low": max(found.low, -1.0),  # in this order NaN stays
                    "high": min(found.high, 1.0),
                    "sd": seed_spread.deviation(found.by_seed) if trained else rates.NAN,
                    "seeds": len(found.by_seed),
                    "prompt_low": found.prompt_low,
                    "prompt_high": found.prompt_high,
                    "p_value": found.p_value,
                    "prompts": found.clusters,
                }
            )
    for row, adjusted in zip(rows, paired.holm([row["p_value"] for row in rows]), strict=True):
        row["p_adjusted"] = adjusted
    return rows


def _by_prompt(groups: Groups) -> dict[MetricKey, list[dict[Hashable, list[rates.Value]]]]:
    """Values by prompt within each group of each cell, each cell once."""
    cells = {id(cell): cell.by_prompt() for several in groups.values() for cell in several}
    return {key: [cells[id(cell)] for cell in several] for key, several in groups.items()}
