"""Reasoning against response (paper section 2).

The four outcomes' shares, and how often the response is safe given the reasoning.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from safe_reasoning.evaluation.joint import harm_of_both
from safe_reasoning.stats.rates import clustered_rate

Row = Mapping[str, Any]
CLASSES = {False: "safe", True: "harmful"}


def _joined(
    verdicts: Sequence[Row], prompt_sets: Sequence[str]
) -> dict[str, list[tuple[str, bool | None, bool | None]]]:
    """By prompt set, and pooled as `all`.

    (prompt_id, reasoning harmful, response harmful) of each generation.
    """
    joined: dict[str, list[tuple[str, bool | None, bool | None]]] = defaultdict(list)
    for one in harm_of_both(verdicts, prompt_sets):
        entry = (one.prompt_id, one.reasoning, one.response)
        joined[one.prompt_set].append(entry)
        joined["all"].append(entry)
    return joined


def outcome_shares(
    verdicts: Sequence[Row], prompt_sets: Sequence[str], resamples: int
) -> list[dict[str, Any]]:
    """Shares of the four outcomes among generations with both parts scored.

    Args:
        verdicts: rows of schema verdicts of one model.
        prompt_sets: the safety sets; `all` pools their generations.
        resamples: of the cluster bootstrap by prompt.

    Returns:
        Four rows a prompt set: `count` generations of that outcome, `unscored` those of the set
            with a part unscored.
    """
    rows = []
    for prompt_set, entries in _joined(verdicts, prompt_sets).items():
        prompts = [prompt_id for prompt_id, _, _ in entries]
        for reasoning, z in CLASSES.items():
            for response, y in CLASSES.items():
                cell = [
                    None if r is None or p is None else (r, p) == (reasoning, response) for _, r, p in entries
                ]
                share = clustered_rate(cell, prompts, resamples=resamples)
                rows.append(
                    {
                        "prompt_set": prompt_set,
                        "reasoning": z,
                        "response": y,
                        "share": share.value,
                        "low": share.low,
                        "high": share.high,
                        "count": cell.count(True),
                        "unscored": share.unscored,
                    }
                )
    return rows


def safe_response_given(
    verdicts: Sequence[Row], prompt_sets: Sequence[str], resamples: int
) -> list[dict[str, Any]]:
    """P(response safe | reasoning safe) and P(response safe | reasoning harmful), all safety sets
    pooled; `count` is the n of the condition.
    """
    entries = _joined(verdicts, prompt_sets)["all"]
    rows = []
    for reasoning, z in CLASSES.items():
        given = [(prompt_id, None if y is None else not y) for prompt_id, r, y in entries if r == reasoning]
        rate = clustered_rate(
            [safe for _, safe in given], [prompt_id for prompt_id, _ in given], resamples=resamples
        )
        rows.append(
            {
                "reasoning": z,
                "rate": rate.value,
                "low": rate.low,
                "high": rate.high,
                "count": rate.count,
                "unscored": rate.unscored,
            }
        )
    return rows
