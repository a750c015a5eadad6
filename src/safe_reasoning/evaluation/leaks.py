"""Reasoning against response for every method: leaks, escapes, and how often the verdicts disagree.

A leak is a harmful reasoning behind a safe response; an escape is the reverse, a harmful response
to a safe reasoning. DSAR is the share of generations whose two verdicts disagree: both together.
`characterize/outcome_shares.py` has the same four outcomes of the base alone (paper Fig. 3).

Source: the names leak and escape, arXiv 2605.05678; DSAR is SARA's.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from safe_reasoning.core.run_layout import Variant
from safe_reasoning.evaluation.joint import Harm, harm_of_both
from safe_reasoning.evaluation.over_seeds import measured_over_seeds
from safe_reasoning.evaluation.rates import Row

# Harm of reasoning and response in the outcomes that count
MEASURES = {
    "leak": {(True, False)},
    "escape": {(False, True)},
    "dsar": {(True, False), (False, True)},
    "both_harmful": {(True, True)},
    "both_safe": {(False, False)},
}


def outcome_values(harms: Iterable[Harm]) -> Iterator[dict[str, Any]]:
    """A row for each generation and measure; the value is None where a part is unscored."""
    for one in harms:
        for measure, outcomes in MEASURES.items():
            yield {
                "prompt_set": one.prompt_set,
                "prompt_id": one.prompt_id,
                "part": "joint",
                "measure": measure,
                "value": (one.reasoning, one.response) in outcomes if one.scored else None,
            }


def leak_rows(
    verdicts: Mapping[Variant, Iterable[Row]],
    roles: Mapping[str, str],
    benchmarks: Mapping[str, str],
    untrained: Collection[str],
    bootstrap: int,
) -> list[dict[str, Any]]:
    """Shares of leaks, escapes, disagreements, and of both parts harmful or safe.

    Args:
        verdicts: rows of schema verdicts (`joint.COLUMNS_OF_BOTH`) by method and seed.
        roles: role of each prompt set; the safety sets are read.
        benchmarks: the benchmark of each prompt set that is a part of one.
        untrained: methods whose weights are the same under every seed.
        bootstrap: resamples of the intervals over prompts.

    Returns:
        Rows as of `rates_over_seeds`; `unscored` are generations with a part unscored.
    """
    sets = [name for name, role in roles.items() if role == "safety"]
    values = {variant: outcome_values(harm_of_both(rows, sets)) for variant, rows in verdicts.items()}
    return measured_over_seeds(values, roles, benchmarks, untrained, bootstrap)
