"""Monitors of reasoning, fixed on the base, and the stored generations as they meet them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from safe_reasoning.core.run_layout import sentences_given
from safe_reasoning.core.sentences import split_sentences
from safe_reasoning.core.trace import has_words, split_trace
from safe_reasoning.evaluation.rates import Row
from safe_reasoning.evaluation.readers import HeldOutReader, Reader, cross_fit, fit_reader

COLUMNS_OF_TEXT = ("generation_id", "prompt_id", "text")
COLUMNS_OF_VERDICTS = ("generation_id", "part", "measure", "value")
# Whether each reasoning, given as its sentences, holds a cue; None where that is undecided
Detect = Callable[[Sequence[Sequence[str]]], list[bool | None]]


class Stored(NamedTuple):
    """Generations and the verdicts on them: rows with COLUMNS_OF_TEXT and COLUMNS_OF_VERDICTS."""

    generations: Iterable[Row]
    verdicts: Iterable[Row]


class Reading(NamedTuple):
    """A stored generation, as a monitor meets it.

    Attributes:
        prompt: row of schema prompts.
        text: of the reasoning; None where it has no words.
        harmful: whether the response is; None: unscored.
        judged: whether the reasoning is, by the run's judge; None: unscored.
        given: sentences of a harmful beginning that it goes on from.
    """

    prompt: Row
    text: str | None
    harmful: bool | None
    judged: bool | None
    given: int

    @property
    def sentences(self) -> list[str]:
        """Of the reasoning."""
        return [sentence.text for sentence in split_sentences(self.text or "")]


@dataclass(frozen=True)
class Monitors:
    """What reads every method unchanged.

    Attributes:
        detect: of cues.
        harm: reader fitted to tell harmful responses; None where the base's were all alike.
        intent: reader fitted to tell restricted from allowed requests.
        sentences: the base's, each with the requests that it was written on.
    """

    detect: Detect
    harm: Reader | None
    intent: HeldOutReader
    sentences: Mapping[str, set[str]]


def readings(stored: Stored, prompts: Mapping[str, Row]) -> list[Reading]:
    """Generations of these prompts with the verdicts on harm."""
    harm = {
        (row["generation_id"], row["part"]): row["value"]
        for row in stored.verdicts
        if row["measure"] == "harmful"
    }
    found = []
    for row in stored.generations:
        if prompt := prompts.get(row["prompt_id"]):
            name, text = row["generation_id"], split_trace(row["text"]).reasoning
            found.append(
                Reading(
                    prompt,
                    text if has_words(text) else None,
                    harm.get((name, "response")),
                    harm.get((name, "reasoning")),
                    sentences_given(name) if "+" in name else 0,
                )
            )
    return found


def thing(prompt: Row) -> str:
    """What a prompt asks for, the same under any attack or wrapper."""
    return str(prompt["gold"] or prompt["request"])


def monitors(rollouts: Sequence[Reading], base: Sequence[Reading], detect: Detect) -> Monitors:
    """Monitors fitted on the base alone.

    Args:
        rollouts: of the base. The reader of harm learns from those on harmful alignment prompts
            alone: others may be test prompts, where the base is characterized on these.
        base: its readings on the evaluation sets.
        detect: of cues.
    """
    taught = [
        one
        for one in rollouts
        if one.text and one.harmful is not None and one.prompt["role"] == "align_harmful"
    ]
    asked = [one for one in base if one.text and one.prompt["role"] in ("safety", "overrefusal")]
    sentences: dict[str, set[str]] = {}
    for one in [*rollouts, *base]:
        for sentence in one.sentences:
            sentences.setdefault(sentence, set()).add(one.prompt["request"])
    return Monitors(
        detect,
        fit_reader([one.text or "" for one in taught], [bool(one.harmful) for one in taught]),
        cross_fit(
            [one.text or "" for one in asked],
            [one.prompt["role"] == "safety" for one in asked],
            [thing(one.prompt) for one in asked],
        ),
        sentences,
    )
