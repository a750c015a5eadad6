"""Metric tables of one model's evaluation.

Rates by seed and over seeds, trace classes, paired differences.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from safe_reasoning.core.records import Rows
from safe_reasoning.core.run_layout import Variant
from safe_reasoning.evaluation import over_seeds
from safe_reasoning.evaluation.rates import rates_of_sets, trace_classes, verdict_details
from safe_reasoning.evaluation.sample_count import sample_counts


def evaluation_tables(
    generations: Mapping[Variant, Rows],
    verdicts: Mapping[Variant, Rows],
    roles: Mapping[str, str],
    *,
    contaminated: Collection[str],
    benchmarks: Mapping[str, str],
    untrained: Collection[str],
    bootstrap: int,
) -> dict[str, list[dict[str, Any]]]:
    """The tables by name.

    Args:
        generations: rows of schema generations by method and seed.
        verdicts: rows of schema verdicts by method and seed.
        roles: role of each prompt set.
        contaminated: ids of test prompts that overlap with training prompts.
        benchmarks: the benchmark of each prompt set that is a part of one.
        untrained: methods whose weights are the same under every seed.
        bootstrap: resamples.
    """
    clean = {
        variant: [row for row in rows if row["prompt_id"] not in contaminated]
        for variant, rows in verdicts.items()
    }
    by_seed, by_seed_clean = (
        [
            {**variant._asdict(), **row}
            for variant, rows in part.items()
            for row in rates_of_sets(rows, roles, bootstrap, benchmarks)
        ]
        for part in (verdicts, clean)
    )
    return {
        "rates_by_seed": by_seed,
        "rates_by_seed_clean": by_seed_clean,
        "rates": over_seeds.rates_over_seeds(by_seed, verdicts, roles, bootstrap, benchmarks, untrained),
        "rates_clean": over_seeds.rates_over_seeds(
            by_seed_clean, clean, roles, bootstrap, benchmarks, untrained
        ),
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
        "paired_differences": over_seeds.paired_differences(
            verdicts, roles, bootstrap, benchmarks, untrained
        ),
        "sample_count": sample_counts(verdicts, roles, benchmarks),
    }
