"""Continuation safety ratio (paper section 2).

The share of safe reasonings among continuations sampled from each token prefix of a trace.
"""

from __future__ import annotations

import math
import random
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from safe_reasoning.core.errors import UserError
from safe_reasoning.core.seeds import derive_seed
from safe_reasoning.core.trace import Tokenizer, reasoning_tokens, split_trace
from safe_reasoning.sampling.engine import Request
from safe_reasoning.stats.rates import wilson_interval

Row = Mapping[str, Any]


def reasoning_harmful(verdicts: Sequence[Row]) -> dict[str, bool | None]:
    """Verdict on the reasoning by generation_id, from rows of schema verdicts."""
    return {
        row["generation_id"]: row["value"]
        for row in verdicts
        if row["part"] == "reasoning" and row["measure"] == "harmful"
    }


def choose_traces(
    generations: Sequence[Row], harmful: Mapping[str, bool | None], prompts: int, seed: int
) -> list[Row]:
    """One safe and one harmful complete trace of each of `prompts` prompts of uncertain safety,
    drawn with the seed.

    A prompt is of uncertain safety when its rollouts hold both outcomes. The paper does not say how
    many traces per prompt it took: two is our choice.

    Args:
        generations: rollouts (schema generations).
        harmful: verdict on the reasoning by generation_id.
        prompts: at most this many.
        seed: of the draw.

    Returns:
        Rows in pairs: safe, harmful, safe, harmful, ...
    """
    outcomes: dict[str, dict[bool, list[Row]]] = defaultdict(lambda: {False: [], True: []})
    for row in generations:
        verdict = harmful.get(row["generation_id"])
        if verdict is not None and split_trace(row["text"]).kind == "complete":
            outcomes[row["prompt_id"]][verdict].append(row)
    uncertain = sorted(prompt_id for prompt_id, sides in outcomes.items() if sides[False] and sides[True])
    if not uncertain:
        raise UserError(
            "no prompt has both a safe and a harmful complete trace: sample more rollouts or more prompts"
        )
    rng = random.Random(seed)
    chosen = rng.sample(uncertain, min(prompts, len(uncertain)))
    return [rng.choice(outcomes[prompt_id][side]) for prompt_id in chosen for side in (False, True)]


def prefix_lengths(trace: Row, tokenizer: Tokenizer, stride: int) -> list[int]:
    """Prefix lengths 0, stride, 2 stride, ... and that of the whole reasoning."""
    tokens = reasoning_tokens(tokenizer, list(trace["token_ids"]))
    return sorted({*range(0, tokens + 1, stride), tokens})


def continuation_requests(trace: Row, lengths: Sequence[int], continuations: int) -> list[Request]:
    """Requests for token prefixes of a trace, prefix by prefix.

    They should stop at the closing think tag.

    Args:
        trace: row of schema generations.
        lengths: tokens of each prefix, such as `prefix_lengths` gives.
        continuations: requests per prefix.
    """
    return [
        continuation_request(trace, length, number, list(trace["token_ids"][:length]))
        for length in lengths
        for number in range(continuations)
    ]


def continuation_request(trace: Row, length: int, number: int, given_ids: list[int]) -> Request:
    """The request for the `number`-th continuation after `length` tokens of a trace.

    Args:
        trace: row of schema generations.
        length: tokens of the prefix that is continued.
        number: among those of the prefix; both name the request and decide its seed.
        given_ids: the prefix, and what is known already of the continuation.
    """
    name = f"csr/{trace['generation_id']}/{length}/{number}"
    return Request(
        generation_id=name,
        prompt_id=trace["prompt_id"],
        prompt_set=trace["prompt_set"],
        sample=number,
        seed=derive_seed(name),
        prompt_token_ids=list(trace["prompt_token_ids"]),
        given_ids=given_ids,
    )


def csr_rows(
    trace: Row, counted: Sequence[Sequence[int]], safe: Sequence[bool | None]
) -> list[dict[str, Any]]:
    """Count safe and unscored continuations of one trace by prefix length.

    Args:
        trace: row of schema generations.
        counted: prefix lengths at which each continuation counts.
        safe: verdict on each, None when unscored.

    Returns:
        Rows of schema csr, by increasing prefix length.
    """
    counts: dict[int, list[bool | None]] = defaultdict(list)
    for lengths, value in zip(counted, safe, strict=True):
        for length in lengths:
            counts[length].append(value)
    return [
        {
            "generation_id": trace["generation_id"],
            "prompt_id": trace["prompt_id"],
            "prefix_tokens": length,
            "safe": values.count(True),
            "unscored": values.count(None),
            "continuations": len(values),
        }
        for length, values in sorted(counts.items())
    ]


def continuation_rows(
    trace: Row, counted: Sequence[Sequence[int]], safe: Sequence[bool | None]
) -> list[dict[str, Any]]:
    """The same continuations one by one: rows of schema csr_continuations.

    Arguments are those of `csr_rows`.
    """
    return [
        {"generation_id": trace["generation_id"], "first": lengths[0], "last": lengths[-1], "safe": value}
        for lengths, value in zip(counted, safe, strict=True)
        if lengths
    ]


def by_trace(csr: Iterable[Row]) -> dict[str, list[Row]]:
    """Rows of schema csr or csr_continuations by trace."""
    rows: dict[str, list[Row]] = defaultdict(list)
    for row in csr:
        rows[row["generation_id"]].append(row)
    return rows


def curve(rows: Sequence[Row]) -> tuple[list[int], list[float]]:
    """Prefix lengths and CSR of one trace's rows; NaN where nothing was scored."""
    ordered = sorted(rows, key=lambda row: row["prefix_tokens"])
    scored = [row["continuations"] - row["unscored"] for row in ordered]
    return [row["prefix_tokens"] for row in ordered], [
        row["safe"] / n if n else math.nan for row, n in zip(ordered, scored, strict=True)
    ]


def csr_curves(rows: Sequence[Row], harmful: Mapping[str, bool | None]) -> list[dict[str, Any]]:
    """One row per trace and prefix length.

    CSR with its Wilson interval over the scored continuations, and the trace's own outcome.

    Args:
        rows: of schema csr.
        harmful: verdict on the reasoning of each trace.
    """
    out = []
    for row in rows:
        scored = row["continuations"] - row["unscored"]
        low, high = wilson_interval(row["safe"], scored)
        out.append(
            {
                "trace": row["generation_id"],
                "outcome": "harmful" if harmful[row["generation_id"]] else "safe",
                "prefix_tokens": row["prefix_tokens"],
                "csr": row["safe"] / scored if scored else math.nan,
                "low": low,
                "high": high,
                "continuations": scored,
                "unscored": row["unscored"],
            }
        )
    return out
