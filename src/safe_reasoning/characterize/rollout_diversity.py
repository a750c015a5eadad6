"""Rollout diversity (paper section 2): how many of n rollouts of a harmful prompt reason safely.

Prompts with none teach GRPO nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from safe_reasoning.core.errors import UserError
from safe_reasoning.stats.rates import simple_rate


def rollout_diversity(verdicts: Sequence[Mapping[str, Any]], rollouts: int) -> list[dict[str, Any]]:
    """Histogram of the number of safe reasonings among the first `rollouts` rollouts of each
    prompt.

    An unscored rollout is not known to be safe and is not counted as one; `unscored` says how many
    there are in all.

    Args:
        verdicts: rows of schema verdicts; only harmfulness of the reasoning is read.
        rollouts: n; prompts with fewer rollouts are left out.

    Returns:
        n + 1 rows: `share` of prompts with `safe_rollouts` safe ones, with Wilson interval.
    """
    by_prompt: dict[str, list[bool | None]] = defaultdict(list)
    for row in verdicts:
        if row["measure"] == "harmful" and row["part"] == "reasoning" and row["sample"] < rollouts:
            by_prompt[row["prompt_id"]].append(row["value"])
    whole = [values for values in by_prompt.values() if len(values) == rollouts]
    if not whole:
        raise UserError(
            f"no prompt has {rollouts} judged rollouts: set characterize.rollouts to the number sampled"
        )
    safe = [values.count(False) for values in whole]
    unscored = sum(values.count(None) for values in whole)
    rows = []
    for number in range(rollouts + 1):
        rate = simple_rate([count == number for count in safe])
        rows.append(
            {
                "safe_rollouts": number,
                "prompts": safe.count(number),
                "share": rate.value,
                "low": rate.low,
                "high": rate.high,
                "rollouts": rollouts,
                "unscored": unscored,
            }
        )
    return rows
