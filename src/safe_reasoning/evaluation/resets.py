"""How often completions take back what they wrote, and how much of it.

A reset on a harmful prompt may be right; one on a benign prompt is a false reset, which costs
tokens and hides nothing.

Source: BackTrack (arXiv 2409.14586) reports resets on safe queries.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from safe_reasoning.core.run_layout import Variant
from safe_reasoning.core.trace import RESET_TAG, displayed
from safe_reasoning.evaluation.rates import Row, metric_groups, rates_of_sets

COLUMNS = ("prompt_id", "prompt_set", "text")  # of generations, used here


def reset_values(generations: Iterable[Row]) -> Iterator[dict[str, Any]]:
    """Two rows for each generation: whether it holds a reset, and the share of its characters that
    stands before the last one.
    """
    for row in generations:
        text = row["text"]
        kept = displayed(text)
        measures = {
            "reset": RESET_TAG in text,
            "taken_back": 1 - len(kept) / len(text) if text else 0.0,
        }
        for measure, value in measures.items():
            names = {"prompt_set": row["prompt_set"], "prompt_id": row["prompt_id"], "part": "whole"}
            yield {**names, "measure": measure, "value": value}


def reset_rows(
    generations: Mapping[Variant, Iterable[Row]],
    roles: Mapping[str, str],
    benchmarks: Mapping[str, str],
    bootstrap: int,
) -> list[dict[str, Any]]:
    """Rates of every method and seed on every evaluated set, and their averages.

    Args:
        generations: rows of schema generations (`COLUMNS`) by method and seed.
        roles: role of each prompt set.
        benchmarks: the benchmark of each prompt set that is a part of one.
        bootstrap: resamples of the intervals over prompts.

    Returns:
        Rows as of `rates_of_sets`, with method and seed; measures `reset` (share of generations)
            and `taken_back` (mean share of a generation's characters).
    """
    return [
        {**variant._asdict(), **row}
        for variant, rows in generations.items()
        for row in rates_of_sets(
            metric_groups(reset_values(rows), roles, benchmarks), roles, bootstrap, benchmarks
        )
    ]
