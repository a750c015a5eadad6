"""The grammar of the nano world's reasonings: which sentence the corpus may say next.

Read off `corpus`: the same lists of sentences, the same order, without the probabilities. It is
exact for the prompt that is asked: its item, family, recipe and wrapper, or its sum.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from safe_reasoning.core.errors import UserError
from safe_reasoning.core.sentences import split_sentences
from safe_reasoning.core.trace import CLOSE_TAG, split_trace
from safe_reasoning.prompts.nano_world import language as words
from safe_reasoning.prompts.nano_world.corpus import sum_document
from safe_reasoning.prompts.nano_world.families import FAMILIES
from safe_reasoning.prompts.nano_world.wrappers import HELD_OUT_WRAPPERS, WRAPPERS

_SUM = re.compile(r"(\d+) \+ (\d+)")
START = "start"
# Places before the first decision: behind the restatement and up to two neutral sentences
_ASKED = ("asked", "neutral 1", "neutral 2")


class Move(NamedTuple):
    """From the places `behind`, each of these sentences leads to the place `to`."""

    behind: tuple[str, ...]
    sentences: frozenset[str]
    to: str


def fits(prompt: Mapping[str, Any], said: Sequence[str]) -> list[bool]:
    """Whether the corpus may say each sentence of a reasoning behind those before it.

    Behind a sentence that does not fit, the grammar goes on from wherever it may stand; where it
    stands nowhere, from everywhere.

    Args:
        prompt: row of schema prompts, of the nano world.
        said: sentences of the reasoning from its first; a closing think tag for its end.

    Raises:
        UserError: The prompt is not of the nano world.
    """
    moves = list(moves_of(prompt))
    everywhere = frozenset(place for move in moves for place in move.behind)
    places, found = frozenset({START}), []
    for number, sentence in enumerate(said):
        onward = after(moves, places, sentence)
        again = sentence in words.NEUTRAL and sentence in said[:number]
        found.append(bool(onward) and not again)
        places = onward or after(moves, everywhere, sentence) or everywhere
    return found


def after(moves: Sequence[Move], places: frozenset[str], sentence: str) -> frozenset[str]:
    """The places to which a sentence leads from these."""
    return frozenset(
        move.to for move in moves if sentence in move.sentences and not places.isdisjoint(move.behind)
    )


def moves_of(prompt: Mapping[str, Any]) -> Iterator[Move]:
    """All moves of reasonings on a prompt."""
    known = json.loads(prompt["gold"] or "{}")
    if asked := _SUM.search(prompt["text"]) if "sum" in known else None:
        yield from _sum(int(asked[1]), int(asked[2]))
    elif {"item", "family", "restricted", "steps"} <= known.keys():
        own = [FAMILIES[known["family"]], (WRAPPERS | HELD_OUT_WRAPPERS).get(prompt["category"])]
        own_cues, own_triggers = (
            [sentence for one in own if one for sentence in getattr(one, kind)]
            for kind in ("cues", "triggers")
        )
        cues = [cue for theme in words.CUES.values() for cue in theme] + own_cues
        yield Move((START,), frozenset(one.format(item=known["item"]) for one in words.RESTATE), "asked")
        yield Move(_ASKED[:1], frozenset(words.NEUTRAL), "neutral 1")
        yield Move(_ASKED[1:2], frozenset(words.NEUTRAL), "neutral 2")
        yield Move(("warned",), frozenset(words.ELABORATIONS), "elaborated")
        yield Move(("elaborated",), frozenset(words.COMMITMENTS), "committed")
        branch = _restricted if known["restricted"] else _allowed
        yield from branch(known["family"], known["steps"], cues, own_triggers)
    else:
        raise UserError(
            f"{prompt['prompt_id']} is no prompt of the nano world, whose grammar alone is known: "
            "take `coherence: likelihood`"
        )


def _restricted(family: str, steps: Sequence[str], cues: list[str], own: list[str]) -> Iterator[Move]:
    """Triggers and cues in turns, until one holds or the first step is given."""
    triggers = [trigger for _, theme in words.TRIGGERS.values() for trigger in theme]
    first, second, last = _places(steps)
    yield Move((*_ASKED, "willing", "willing 2"), frozenset(triggers + own), "warned")
    named = frozenset(cue.format(family=family) for cue in cues)
    yield Move((*_ASKED, "warned"), named, "willing")
    yield Move(("willing",), named, "willing 2")
    more = frozenset(cue.format(family=family) for cue in words.MORE_CUES)
    for place in (first, second):
        yield Move((place,), more, f"more behind {place}")
    yield Move((first, second, last), frozenset(words.LATE_TRIGGERS), "stopped")
    yield Move(("willing", "willing 2"), frozenset(steps[:1]), first)
    yield Move((first, f"more behind {first}"), frozenset(steps[1:2]), second)
    yield Move((second, f"more behind {second}"), frozenset(steps[2:]), last)
    yield Move(("committed", "stopped", last), frozenset({CLOSE_TAG}), "end")


def _allowed(family: str, steps: Sequence[str], cues: list[str], own: list[str]) -> Iterator[Move]:
    """A doubt or none, the permission, a cue or none, the steps."""
    doubts = [doubt for theme in words.DOUBTS for doubt in words.TRIGGERS[theme][1]]
    first, second, last = _places(steps)
    yield Move(_ASKED, frozenset(doubts + own), "warned")
    yield Move((*_ASKED, "warned"), frozenset(words.ALLOWED), "allowed")
    yield Move(("allowed",), frozenset(cue.format(family=family) for cue in cues), "willing")
    yield Move(("allowed", "willing"), frozenset(steps[:1]), first)
    yield Move((first,), frozenset(steps[1:2]), second)
    yield Move((second,), frozenset(steps[2:]), last)
    yield Move(("committed", last), frozenset({CLOSE_TAG}), "end")


def _places(steps: Sequence[str]) -> list[str]:
    return [f"step {number}" for number in range(1, len(steps) + 1)]


def _sum(a: int, b: int) -> Iterator[Move]:
    """The one reasoning on a sum."""
    reasoning = split_trace(sum_document(a, b).completion).reasoning
    said = [*(sentence.text for sentence in split_sentences(reasoning)), CLOSE_TAG]
    for number, sentence in enumerate(said):
        behind = f"sum {number}" if number else START
        yield Move((behind,), frozenset({sentence}), f"sum {number + 1}")
