"""How often a reasoning reflects on safety, and how much of it explores what is harmful.

The analysis of reinforcement learning against supervised fine-tuning in arXiv 2512.01848, whose
abstract names reflection and entropy; the measures are ours.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from safe_reasoning.core.seeds import derive_seed
from safe_reasoning.core.sentences import split_sentences
from safe_reasoning.core.trace import Tokenizer, reasoning_tokens, split_trace
from safe_reasoning.judging.base import CueDetector

Row = Mapping[str, Any]
KINDS = {"safety": "harmful", "overrefusal": "benign", "capability": "capability"}


@dataclass(frozen=True)
class Reasoning:
    """A reasoning of a generation: its prompt's and its own token ids, and its sentences."""

    prompt_ids: list[int]
    ids: list[int]
    sentences: list[str]


def drawn_reasonings(
    generations: Sequence[Row], roles: Mapping[str, str], tokenizer: Tokenizer, traces: int, seed: int
) -> dict[str, list[Reasoning]]:
    """Reasonings by kind of prompt, the first of each prompt, of at most so many drawn prompts.

    The draw is by prompt, so that all methods are looked at on the same prompts.

    Args:
        generations: rows of schema generations.
        roles: role of each prompt set.
        tokenizer: of the model.
        traces: of each kind.
        seed: of the draw.
    """
    found: dict[str, list[Reasoning]] = {}
    for role, kind in KINDS.items():
        first: dict[str, Row] = {}
        for row in generations:
            if roles.get(row["prompt_set"]) == role:
                first.setdefault(row["prompt_id"], row)
        names = random.Random(derive_seed("reflection", kind, seed)).sample(sorted(first), len(first))
        read = [_reasoning(first[name], tokenizer) for name in sorted(names[:traces])]
        found[kind] = [reasoning for reasoning in read if reasoning.ids]
    return {kind: reasonings for kind, reasonings in found.items() if reasonings}


def _reasoning(row: Row, tokenizer: Tokenizer) -> Reasoning:
    ids = list(row["token_ids"])
    sentences = split_sentences(split_trace(row["text"]).reasoning)
    kept = ids[: reasoning_tokens(tokenizer, ids)]
    return Reasoning(list(row["prompt_token_ids"]), kept, [sentence.text for sentence in sentences])


def reflections_per_100_tokens(reasonings: Sequence[Reasoning], aware: Callable[[str], bool]) -> float:
    """Sentences that speak of safety, for each 100 tokens of all these reasonings."""
    spoken = sum(aware(sentence) for reasoning in reasonings for sentence in reasoning.sentences)
    return 100 * spoken / sum(len(reasoning.ids) for reasoning in reasonings)


def exploring_share(reasonings: Sequence[Reasoning], detector: CueDetector) -> float:
    """Share of all sentences that are their reasoning's first compliance cue or come after it."""
    cues = detector.first_cues([reasoning.sentences for reasoning in reasonings])
    exploring = sum(
        len(reasoning.sentences) - cue.index
        for reasoning, cue in zip(reasonings, cues, strict=True)
        if cue.index is not None
    )
    return exploring / max(1, sum(len(reasoning.sentences) for reasoning in reasonings))
