"""Preference pairs (paper section 3, steps 1 to 6, and stage 2), with their invariants.

A pair's prompt_ids end with what both sides share, so a trainer that scores everything after the
prompt scores the suffix only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from safe_reasoning.core.trace import CLOSE_TAG, Tokenizer, split_trace, whole_tokens
from safe_reasoning.judging.base import CueDetector
from safe_reasoning.judging.cues import find_cues

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Pairs:
    """Rows of schema pairs and how many attempts ended in each way."""

    rows: list[dict[str, Any]]
    counts: dict[str, int]


def share_prefix(pair: dict[str, Any]) -> dict[str, Any]:
    """Move the tokens with which both sides begin into the prompt, so that the sides differ at
    their first token.

    A trigger and a cue often begin alike ("I should not ...", "I will ..."). The loss of such a
    token is the same on both sides and says nothing, and the paper's loss is on the tokens after
    the shared prefix only: these belong to the prefix, in spite of lying after the cue's start.
    """
    chosen, rejected = pair["chosen_ids"], pair["rejected_ids"]
    shared = 0
    while shared < min(len(chosen), len(rejected)) and chosen[shared] == rejected[shared]:
        shared += 1
    return {
        **pair,
        "prompt_ids": pair["prompt_ids"] + chosen[:shared],
        "prefix_tokens": pair["prefix_tokens"] + shared,
        "chosen_ids": chosen[shared:],
        "rejected_ids": rejected[shared:],
    }


def broken_invariant(pair: Row, tokenizer: Tokenizer) -> str:
    """The first invariant that a pair breaks, "" when it keeps them all.

    - `empty_side`: both sides hold tokens.
    - `identical`: the sides are not the same.
    - `same_first_token`: with a shared reasoning prefix, the sides differ at the first token after
      it. (Sides of whole traces may begin alike.)
    - `not_closed`: the reasoning of both sides is closed, once.

    One more, `chosen_has_cue`, is found by a cue detector (`checked`).

    That both sides start with the same token ids needs no check: they have one prompt_ids.
    """
    chosen, rejected = pair["chosen_ids"], pair["rejected_ids"]
    prefix = reasoning_prefix(pair)
    if not chosen or not rejected:
        return "empty_side"
    if chosen == rejected:
        return "identical"
    if prefix and chosen[0] == rejected[0]:
        return "same_first_token"
    for side in (chosen, rejected):
        if split_trace(tokenizer.decode(prefix + side, skip_special_tokens=True)).kind != "complete":
            return "not_closed"
    return ""


def reasoning_prefix(pair: Row) -> list[int]:
    """The tokens of the reasoning that both sides of a pair share."""
    ids: list[int] = pair["prompt_ids"]
    return ids[len(ids) - pair["prefix_tokens"] :]


def side_ids(tokenizer: Tokenizer, token_ids: Sequence[int], whole: bool) -> list[int]:
    """The tokens of a completion that a pair holds.

    Args:
        tokenizer: of the model.
        token_ids: a completion whose reasoning is closed.
        whole: keep the response and end with the end-of-sequence token; otherwise end with the last
            token of the closing think tag.
    """
    ids = list(token_ids)
    if whole:
        return [*ids, tokenizer.eos_token_id]
    trace = split_trace(tokenizer.decode(ids, skip_special_tokens=True))
    before = whole_tokens(tokenizer, ids, trace.end)
    length = next(
        n
        for n in range(before + 1, len(ids) + 1)
        if CLOSE_TAG in tokenizer.decode(ids[before:n], skip_special_tokens=True)
    )
    return ids[:length]


def is_usable(text: str, finish_reason: str, whole: bool) -> bool:
    """Whether a completion can be a side.

    Its reasoning is there and closed once, and its response ended by itself when that belongs to
    the side.
    """
    return split_trace(text).kind == "complete" and (finish_reason == "stop" or not whole)


def _count(attempts: Sequence[Row], *outcomes: str) -> Counter[str]:
    """Counts to begin with: what can happen is there even when it never does."""
    begin = dict.fromkeys(("unfinished", "kept", *outcomes), 0)
    return Counter(
        begin | {"attempts": len(attempts), "prompts": len({row["prompt_id"] for row in attempts})}
    )


def _whole_pair(
    chosen: Row, rejected: Row, tokenizer: Tokenizer, append_response: bool, source: str
) -> dict[str, Any]:
    return {
        "pair_id": f"{source}/{chosen['generation_id']}/{rejected['generation_id']}",
        "prompt_id": chosen["prompt_id"],
        "prompt_ids": list(chosen["prompt_token_ids"]),
        "prefix_tokens": 0,
        "chosen_ids": side_ids(tokenizer, chosen["token_ids"], append_response),
        "rejected_ids": side_ids(tokenizer, rejected["token_ids"], append_response),
        "trigger": "",
        "cue": "",
        "rounds": 0,
        "source": source,
    }


def _checked(
    rows: list[dict[str, Any]],
    counts: Counter[str],
    tokenizer: Tokenizer,
    detector: CueDetector | None = None,
) -> Pairs:
    """Drop the pairs that break an invariant and count them by the invariant.

    With a detector, the reasoning that ends with the chosen side must hold no cue either.
    """
    broken = [broken_invariant(row, tokenizer) for row in rows]
    sound = [row for row, invariant in zip(rows, broken, strict=True) if not invariant]
    if detector is not None:
        cues = find_cues(tokenizer, [reasoning_prefix(row) + row["chosen_ids"] for row in sound], detector)
        broken += ["chosen_has_cue" for cue, _ in cues if cue is not None]
        sound = [row for row, (cue, _) in zip(sound, cues, strict=True) if cue is None]
    counts.update(f"dropped_{invariant}" for invariant in broken if invariant)
    counts["pairs"] = len(sound)
    counts["prompts_with_pairs"] = len({row["prompt_id"] for row in sound})
    return Pairs(sound, dict(counts))
