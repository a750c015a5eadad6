"""Methods at matched compliance: each read where it keeps as much of the base's help as the others.

What is kept is the help that benign requests get (`rates.help_cells`), as the mean over the
over-refusal sets. A method is read at the last
point of its training that keeps the asked share of the base's (`stats.matched`). Intervals resample
the prompts of each set, the same draws for all methods and checkpoints, so they hold the
uncertainty of where a method is read too.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from safe_reasoning.core.run_layout import Variant
from safe_reasoning.core.seeds import derive_seed
from safe_reasoning.evaluation.curves import Path
from safe_reasoning.evaluation.over_seeds import contrasts
from safe_reasoning.evaluation.rates import MetricKey, help_cells, metric_groups, role_of
from safe_reasoning.stats import matched, seed_spread
from safe_reasoning.stats.matched import Read, Resampled

Points = dict[MetricKey, list[list[matched.Totals]]]  # of each cell's groups, at each checkpoint


def matched_tables(
    paths: Mapping[Variant, Path],
    roles: Mapping[str, str],
    kept: float,
    bootstrap: int,
    benchmarks: Mapping[str, str],
    untrained: Collection[str] = ("base",),
    further: Sequence[tuple[str, str]] = (),
) -> dict[str, list[dict[str, Any]]]:
    """Tables `matched` (rates at matched compliance, by method and cell), `matched_differences` (of
    average harm, paired by prompt) and, where further pairs are given, `contrasts` (the same of
    these).

    Empty where no over-refusal set was asked.

    Args:
        paths: verdicts along each training; that of the base is one point.
        roles: role of each prompt set.
        kept: share of the base's compliance at which methods are read.
        bootstrap: resamples.
        benchmarks: the benchmark of each prompt set that is a part of one.
        untrained: methods whose weights are the same under every seed: their seeds are further
            samples.
        further: pairs (method, reference) of the table `contrasts`.
    """
    groups = metric_groups(next(iter(next(iter(paths.values())).values())), roles, benchmarks)
    helping = help_cells(groups, roles, benchmarks)
    if not helping:
        names = ["matched", "matched_differences", *(["contrasts"] if further else [])]
        return {name: [] for name in names}
    prompts = {cell.prompt_set: sorted(set(cell.prompts)) for several in groups.values() for cell in several}
    resampled = Resampled(prompts, bootstrap, {name: derive_seed("matched", name) for name in prompts})
    reads: dict[str, list[dict[MetricKey, Read]]] = {}
    rows: list[dict[str, Any]] = []
    for method in dict.fromkeys(variant.method for variant in paths):
        of_seeds = [path for variant, path in paths.items() if variant.method == method]
        found = [
            _read(_points(path, resampled, roles, benchmarks), resampled, helping, kept, list(path))
            for path in of_seeds
        ]
        reads[method] = [of_seed for _, of_seed in found]
        at = float(np.mean([position for position, _ in found]))
        for key in groups:
            rows.append(
                {
                    "method": method,
                    "at": at,
                    **_names(key),
                    "role": role_of(key[0], roles, benchmarks),
                    "part_of": benchmarks.get(key[0], ""),
                    "kept": kept,
                    "help": key in helping,
                    **_rate([of_seed[key] for of_seed in reads[method]], trained=method not in untrained),
                }
            )
    harm = [key for key in groups if key[0] == "safety_average"]
    return {
        "matched": rows,
        "matched_differences": _differences(reads, contrasts(list(reads)), harm, untrained),
        **({"contrasts": _differences(reads, further, harm, untrained)} if further else {}),
    }


def _names(key: MetricKey) -> dict[str, str]:
    return dict(zip(("prompt_set", "part", "measure"), key, strict=True))


def _points(
    path: Path, resampled: Resampled, roles: Mapping[str, str], benchmarks: Mapping[str, str]
) -> Points:
    found: Points = {}
    for verdicts in path.values():
        for key, groups in metric_groups(verdicts, roles, benchmarks).items():
            totals = [resampled.totals(cell.prompt_set, cell.prompts, cell.values) for cell in groups]
            found.setdefault(key, []).append(totals)
    return found


def _read(
    points: Points,
    resampled: Resampled,
    helping: Sequence[MetricKey],
    kept: float,
    shares: Sequence[float],
) -> tuple[float, dict[MetricKey, Read]]:
    """Where a training is read, as a share of its steps, and what each cell is there."""
    rates = {
        key: np.column_stack([resampled.mean_rate(groups) for groups in several])
        for key, several in points.items()
    }
    helped = np.mean([rates[key] for key in helping], axis=0)
    place = matched.last_kept(helped / helped[:, :1], kept)
    position = place.read(np.tile(np.array(shares), (len(helped), 1)))[0]
    return float(position), {key: matched.read_off(place, rates[key], points[key]) for key in points}


def _rate(seeds: Sequence[Read], *, trained: bool) -> dict[str, Any]:
    value, low, high, by_seed = matched.rate_over_seeds(seeds)
    prompt_low, prompt_high = low, high
    if trained:
        low, high = seed_spread.interval(value, low, high, by_seed)
    return {
        "rate": value,
        "low": max(low, 0.0),  # in this order NaN stays
        "high": min(high, 1.0),
        "prompts": sum(group.size for group in seeds[0].by_prompt),
        "samples": sum(read.scored for read in seeds),
        "unscored": sum(read.unscored for read in seeds),
        "sd": seed_spread.deviation(by_seed) if trained else np.nan,
        "seeds": len(seeds),
        "prompt_low": prompt_low,
        "prompt_high": prompt_high,
    }


def _differences(
    reads: Mapping[str, Sequence[Mapping[MetricKey, Read]]],
    pairs: Sequence[tuple[str, str]],
    cells: Sequence[MetricKey],
    untrained: Collection[str],
) -> list[dict[str, Any]]:
    return [
        {
            "method": method,
            "reference": reference,
            **_names(key),
            **_difference(reads, method, reference, key, not {method, reference} <= set(untrained)),
        }
        for method, reference in pairs
        for key in cells
    ]


def _difference(
    reads: Mapping[str, Sequence[Mapping[MetricKey, Read]]],
    method: str,
    reference: str,
    key: MetricKey,
    trained: bool,
) -> dict[str, Any]:
    sides = [(ours[key], theirs[key]) for ours, theirs in zip(reads[method], reads[reference], strict=True)]
    value, low, high, by_seed = matched.difference_over_seeds(sides)
    wide = seed_spread.interval(value, low, high, by_seed) if trained else (low, high)
    return {
        "difference": value,
        "low": max(wide[0], -1.0),
        "high": min(wide[1], 1.0),
        "sd": seed_spread.deviation(by_seed) if trained else np.nan,
        "seeds": len(sides),
        "prompt_low": low,
        "prompt_high": high,
        "prompts": sum(group.size for group in sides[0][0].by_prompt),
        "unscored": max(side.unscored_share() for both in sides for side in both),
    }
