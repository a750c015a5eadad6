"""Curves along training: rates of the weights that were kept on the way, base first, end last."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any

from safe_reasoning.core.records import Rows
from safe_reasoning.core.run_layout import Variant, share_of
from safe_reasoning.evaluation.over_seeds import rates_over_seeds
from safe_reasoning.evaluation.rates import help_cells, metric_groups, rates_of_sets

# The weights of one training in their order, by share of its steps
Path = dict[float, Rows]


def paths_along_training(
    ends: Mapping[Variant, Rows], kept: Mapping[Variant, Rows], goes_on_from: Mapping[str, str]
) -> dict[Variant, Path]:
    """The verdicts along each training by the share of its steps, from the base (0) to its end (1).

    A method that goes on from another one has that one's training before its own: the other's
    shares come first, and its own are counted from 1 to 2. A training that had nothing to do, of
    which no weights were kept, has no length: its end lies where it began. A method that is not
    trained here (it decodes, or others trained it) has the base and its end alone: between them
    lies a mixture of both.

    Args:
        ends: verdicts on the base and on the end of each training, rows of schema verdicts.
        kept: verdicts on the weights kept on the way, several shares in one list.
        goes_on_from: the method that a method starts from, where it is not the base.
    """
    paths: dict[Variant, Path] = {}

    def path(variant: Variant) -> Path:
        base = {0.0: ends[Variant("base", variant.seed)]}
        if variant not in kept:
            return {**base, 1.0: ends[variant]}
        if variant not in paths:
            first = goes_on_from.get(variant.method)
            before = path(Variant(first, variant.seed)) if first else base
            own: dict[float, list[Any]] = defaultdict(list)
            for row in kept[variant]:
                own[share_of(row["generation_id"])].append(row)
            start = max(before)
            paths[variant] = {
                **before,
                **{start + share: own[share] for share in sorted(own)},
                start + (1.0 if own else 0.0): ends[variant],
            }
        return paths[variant]

    for variant in kept:
        path(variant)
    for variant in (v for v in ends if v not in kept and v.method != "base"):
        paths[variant] = path(variant)
    bases = {v: {0.0: ends[v]} for v in sorted(ends) if v.method == "base"}
    return {**bases, **paths}


def curve_rows(
    paths: Mapping[Variant, Path],
    roles: Mapping[str, str],
    bootstrap: int,
    benchmarks: Mapping[str, str],
    untrained: Collection[str] = ("base",),
) -> list[dict[str, Any]]:
    """One row per method, share and cell: the mean rate over seeds with its 95 % interval.

    `help` marks the cells whose mean is the help that benign requests get.

    Args:
        paths: verdicts along each training.
        roles: role of each prompt set.
        bootstrap: resamples.
        benchmarks: the benchmark of each prompt set that is a part of one.
        untrained: methods whose weights are the same under every seed; at share 0 all are.
    """
    rows: list[dict[str, Any]] = []
    some = next(iter(next(iter(paths.values())).values()))
    helping = help_cells(metric_groups(some, roles, benchmarks), roles, benchmarks)
    for method in dict.fromkeys(variant.method for variant in paths):
        of_method = {variant: path for variant, path in paths.items() if variant.method == method}
        for share in sorted({share for path in of_method.values() for share in path}):
            groups = {
                variant: metric_groups(path[share], roles, benchmarks)
                for variant, path in of_method.items()
                if share in path
            }
            by_seed = [
                {**variant._asdict(), **row}
                for variant, of_variant in groups.items()
                for row in rates_of_sets(of_variant, roles, bootstrap, benchmarks)
            ]
            alike = (method,) if share == 0 else untrained
            over_seeds = rates_over_seeds(by_seed, groups, bootstrap, alike)
            for row in over_seeds:
                cell = (row["prompt_set"], row["part"], row["measure"])
                rows.append({"method": method, "steps_share": share, **row, "help": cell in helping})
    return rows
