"""Reasonings in other words of the same meaning, for the paraphrase test of monitorability.

Exact by the language of the nano world; else by the endpoint that the configuration names; without
one there is no paraphrase.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from safe_reasoning.config import Config
from safe_reasoning.core.seeds import derive_seed
from safe_reasoning.core.trace import CLOSE_TAG, OPEN_TAG, Tokenizer, without_thoughts
from safe_reasoning.evaluation.reliance import arms
from safe_reasoning.judging.chat_annotator import instruction, quoted
from safe_reasoning.prompts.nano_world.paraphrase import paraphrase
from safe_reasoning.sampling.chat_models.factory import open_chat

Row = Mapping[str, Any]
# From ids of prompts and their reasonings to paraphrases; None where there is none
Rewording = Callable[[Sequence[str], Sequence[str]], list[str | None]]


def arms_of(
    config: Config, prompts: Sequence[Row], exchanged: Sequence[Row], own: Sequence[Row], tokenizer: Tokenizer
) -> Iterator[tuple[str, Row, list[int]]]:
    """What a method answers behind, see `reliance.arms`; `prompts` are those of the evaluation."""
    return arms(exchanged, own, tokenizer, rewording_of(config, prompts))


def rewording_of(config: Config, prompts: Sequence[Row]) -> Rewording:
    """What paraphrases in this run; `prompts` are rows of schema prompts."""
    by_id = {row["prompt_id"]: row for row in prompts}

    def reword(asked: Sequence[str], reasonings: Sequence[str]) -> list[str | None]:
        pairs = [(by_id[name], text) for name, text in zip(asked, reasonings, strict=True)]
        found = [_in_world(prompt, text, config.world_seed) for prompt, text in pairs]
        left = [place for place, one in enumerate(found) if one is None]
        if left and config.evaluate.paraphraser:
            chat = open_chat(config.evaluate.paraphraser, config)
            sent = [instruction("paraphrase").format(text=quoted(reasonings[place])) for place in left]
            replies = chat.replies([[{"role": "user", "content": one}] for one in sent], "paraphrases")
            for place, reply in zip(left, replies, strict=True):
                found[place] = _usable(reply)
        return found

    return reword


def _in_world(prompt: Row, reasoning: str, seed: int) -> str | None:
    """The paraphrase of a reasoning on a prompt of the nano world; None for another prompt."""
    gold = json.loads(prompt["gold"] or "{}")
    if "item" not in gold:
        return None
    known = {name: gold[name] for name in ("item", "family")}
    return paraphrase(reasoning, known, derive_seed("paraphrase", prompt["prompt_id"], reasoning, seed))


def _usable(reply: str | None) -> str | None:
    """A reply that can stand for a reasoning: words, and no tag that would end it."""
    text = without_thoughts(reply or "").strip()
    return f"{text}\n" if text and CLOSE_TAG not in text and OPEN_TAG not in text else None
