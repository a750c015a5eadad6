"""Metric tables of one model's evaluation.

Rates by seed and over seeds, trace classes, paired differences.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from safe_reasoning.core.run_layout import Variant
from safe_reasoning.evaluation import over_seeds
from safe_reasoning.evaluation.rates import Row, metric_groups, rates_of_sets, trace_classes, verdict_details
from safe_reasoning.evaluation.sample_count import sample_counts


def evaluation_tables(
    generations: Mapping[Variant, Iterable[Row]],
    verdicts: Mapping[Variant, Iterable[Row]],
    roles: Mapping[str, str],
    *,
    contaminated: Collection[str],
    benchmarks: Mapping[str, str],
    untrained: Collection[str],
    bootstrap: int,
) -> dict[str, list[dict[str, Any]]]:
    """The tables by name.

    Args:
        generations: prompt_set and text of generations by method and seed.
        verdicts: rows of schema verdicts (`rates.COLUMNS`) by method and seed. Like generations
            they may be read from their file each time: no more than values and prompts is kept.
        roles: role of each prompt set.
        contaminated: ids of test prompts that overlap with training prompts.
        benchmarks: the benchmark of each prompt set that is a part of one.
        untrained: methods whose weights are the same under every seed.
        bootstrap: resamples.
    """
    groups, clean = (
        {variant: metric_groups(rows, roles, benchmarks, without) for variant, rows in verdicts.items()}
        for without in ((), contaminated)
    )
    by_seed, by_seed_clean = (
        [
            {**variant._asdict(), **row}
            for variant, of_variant in part.items()
            for row in rates_of_sets(of_variant, roles, bootstrap, benchmarks)
        ]
        for part in (groups, clean)
    )
    return {
        "rates_by_seed": by_seed,
        "rates_by_seed_clean": by_seed_clean,
        "rates": over_seeds.rates_over_seeds(by_seed, groups, bootstrap, untrained),
        "rates_clean": over_seeds.rates_over_seeds(by_seed_clean, clean, bootstrap, untrained),
        "verdict_details": [
            {**variant._asdict(), **row}
            for variant, rows in verdicts.items()
            for row in verdict_details(rows)
        ],
        "trace_classes": [
            {**variant._asdict(), **row}
            for variant, rows in generations.items()
            for row in trace_classes(rows)
        ],
        "paired_differences": over_seeds.paired_differences(groups, bootstrap, untrained),
        "sample_count": sample_counts(groups),
    }
