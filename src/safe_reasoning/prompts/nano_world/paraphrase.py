"""Paraphrases in the nano world: each sentence of a reasoning in other words of the same meaning.

Exact, since the world's language says which sentences mean the same: those of one list, that is,
restatements, neutral sentences, permissions, triggers of one theme, cues of one theme,
elaborations, commitments, what a wrapper or a family of items has of its own. A step of a recipe
has no other words and stays, and so does what a model garbled.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache

from safe_reasoning.core.sentences import split_sentences
from safe_reasoning.prompts.nano_world import language as words
from safe_reasoning.prompts.nano_world.families import FAMILIES
from safe_reasoning.prompts.nano_world.wrappers import HELD_OUT_WRAPPERS, WRAPPERS

_PLACES = re.compile(r"\\\{(item|family)\\\}")


def _same_meaning() -> Iterator[Sequence[str]]:
    """Lists of sentences that mean the same, with places for the item or its family."""
    yield from (words.RESTATE, words.NEUTRAL, words.ALLOWED, words.ELABORATIONS, words.COMMITMENTS)
    yield from (words.MORE_CUES, words.LATE_TRIGGERS)
    yield from (sentences for _, sentences in words.TRIGGERS.values())
    yield from words.CUES.values()
    for wrapper in (WRAPPERS | HELD_OUT_WRAPPERS).values():
        yield from (wrapper.cues, wrapper.triggers)
    for family in FAMILIES.values():
        yield from (family.cues, family.triggers)


@cache
def _templates() -> list[tuple[re.Pattern[str], str, Sequence[str]]]:
    """Each sentence as a pattern, itself, and the list that it stands in."""
    return [
        (re.compile(_PLACES.sub(r"(?P<\1>[a-z ]+?)", re.escape(sentence))), sentence, group)
        for group in _same_meaning()
        for sentence in group
    ]


def reworded(sentence: str, known: Mapping[str, str], rng: random.Random) -> str:
    """Another sentence of the same meaning; the sentence itself where the world has none.

    Args:
        sentence: of a reasoning.
        known: item and family that are asked for, where the sentence names none.
        rng: draws among several.
    """
    for pattern, template, group in _templates():
        if match := pattern.fullmatch(sentence):
            others = [one for one in group if one != template]
            return rng.choice(others).format(**{**known, **match.groupdict()}) if others else sentence
    return sentence


def paraphrase(reasoning: str, known: Mapping[str, str], seed: int) -> str:
    """A reasoning with each sentence reworded; white space stays. `known` is as of `reworded`."""
    rng, said = random.Random(seed), ""
    for sentence in split_sentences(reasoning):
        whole = reasoning[sentence.start : sentence.end]
        said += whole.replace(sentence.text, reworded(sentence.text, known, rng), 1)
    return said or reasoning
