"""Beginnings of reasonings that go along with a request, or turn against it.

Reinforcement learning that starts from wrong beginnings (RECAP, arXiv 2510.00938) takes them from
other models: harmful ones from a weakly aligned model, refusing ones from a model tuned on STAR-1.
Here both come from the base model itself:

- cooperative: its own rollouts, harmful ones of harmful prompts and complying ones of benign
  prompts;
- refusing: the first sentence of its rollout, and then its own mined triggers, one after the other
  in a drawn order.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from safe_reasoning.core.seeds import derive_seed
from safe_reasoning.core.sentences import split_sentences
from safe_reasoning.core.trace import Tokenizer, continue_text, reasoning_tokens, split_trace, whole_tokens
from safe_reasoning.judging.base import CueDetector
from safe_reasoning.judging.cues import find_cues, tokens_through
from safe_reasoning.pairs.rows import Row

REFUSING_PER_PROMPT = 2


def beginnings(
    rollouts: Sequence[Row],
    harmful: Mapping[str, bool | None],
    complies: Mapping[str, bool | None],
    triggers: Sequence[str],
    tokenizer: Tokenizer,
    detector: CueDetector,
) -> tuple[list[dict[str, Any]], dict[str, int]]:
    """Beginnings of both sides, and how many there are of each.

    A cooperative one of a harmful prompt has to reach through its first cue (`least_tokens`); a
    refusing one through its first trigger.

    Args:
        rollouts: of the base on alignment prompts (schema generations).
        harmful: verdict on the reasoning of rollouts of harmful prompts, by generation_id.
        complies: verdict on the response of rollouts of benign prompts, by generation_id.
        triggers: the mined triggers' texts.
        tokenizer: of the model.
        detector: of compliance cues.

    Returns:
        Rows of schema prefixes, and counts.
    """
    bad = [row for row in rollouts if harmful.get(row["generation_id"])]
    rows = []
    for row, (cue, _) in zip(
        bad, find_cues(tokenizer, [row["token_ids"] for row in bad], detector), strict=True
    ):
        if cue is not None:
            ids = list(row["token_ids"])
            rows.append(_cooperative(row, tokenizer, tokens_through(tokenizer, ids, cue)))
    rows += [_cooperative(row, tokenizer, 1) for row in rollouts if complies.get(row["generation_id"])]
    taken: Counter[str] = Counter()
    for row in rollouts:
        if taken[row["prompt_id"]] < REFUSING_PER_PROMPT and (found := _refusing(row, triggers, tokenizer)):
            taken[row["prompt_id"]] += 1
            rows.append(found)
    sides = Counter(row["side"] for row in rows)
    return rows, {
        "rollouts_used": len(rollouts),
        **{side: sides[side] for side in ("cooperative", "refusing")},
    }


def _row(rollout: Row, side: str, ids: list[int], least: int) -> dict[str, Any]:
    return {"prompt_id": rollout["prompt_id"], "side": side, "prefix_ids": ids, "least_tokens": least}


def _cooperative(rollout: Row, tokenizer: Tokenizer, least: int) -> dict[str, Any]:
    """The whole reasoning of a rollout."""
    ids = list(rollout["token_ids"])
    return _row(rollout, "cooperative", ids[: reasoning_tokens(tokenizer, ids)], least)


def _refusing(rollout: Row, triggers: Sequence[str], tokenizer: Tokenizer) -> dict[str, Any] | None:
    """The first sentence of a rollout's reasoning, and all triggers; None without a sentence."""
    ids = list(rollout["token_ids"])
    trace = split_trace(tokenizer.decode(ids, skip_special_tokens=True))
    sentences = split_sentences(trace.reasoning)
    if not sentences or not triggers:
        return None
    kept = ids[: whole_tokens(tokenizer, ids, trace.start + sentences[0].text_end)]
    order = random.Random(derive_seed("refusing beginning", rollout["generation_id"])).sample(
        list(triggers), len(triggers)
    )
    least = len(kept) + len(continue_text(tokenizer, kept, f" {order[0]}"))
    inserted = continue_text(tokenizer, kept, "".join(f" {trigger}" for trigger in order))
    return _row(rollout, "refusing", kept + inserted, least)
