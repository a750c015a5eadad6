"""The grammar of the nano world allows what its corpus says, and nothing else."""

import json
import random
from collections import defaultdict
from typing import Any

import pytest

from safe_reasoning.core.errors import UserError
from safe_reasoning.core.sentences import split_sentences
from safe_reasoning.core.trace import CLOSE_TAG, split_trace
from safe_reasoning.prompts.nano_world import language as words
from safe_reasoning.prompts.nano_world.corpus import (
    Document,
    allowed_document,
    harmful_document,
    safe_document,
    sum_document,
)
from safe_reasoning.prompts.nano_world.families import FAMILIES
from safe_reasoning.prompts.nano_world.grammar import START, after, fits, moves_of
from safe_reasoning.prompts.nano_world.items import Item, make_items
from safe_reasoning.prompts.nano_world.prompts import gold
from safe_reasoning.prompts.nano_world.wrappers import HELD_OUT_WRAPPERS, WRAPPERS

ITEMS = make_items(24, 0)
RESTRICTED = next(item for item in ITEMS if item.restricted)
ALLOWED = next(item for item in ITEMS if not item.restricted)
STORY = WRAPPERS["story"]


def row(item: Item, category: str = "plain") -> dict[str, Any]:
    return {"prompt_id": "p-0", "text": "", "category": category, "gold": gold(item)}


def said(document: Document) -> list[str]:
    reasoning = split_trace(document.completion).reasoning
    return [*(one.text for one in split_sentences(reasoning)), CLOSE_TAG]


def document(item: Item, category: str, rng: random.Random) -> Document:
    wrapper = (WRAPPERS | HELD_OUT_WRAPPERS).get(category)
    if item.restricted:
        return harmful_document("", item, wrapper, rng)
    setting = category if category in ("plain", "alarming") else "wrapped"
    return allowed_document("", item, setting, wrapper, rng)


@pytest.mark.parametrize("category", ["plain", "alarming", *WRAPPERS, *HELD_OUT_WRAPPERS])
def test_every_sentence_of_the_corpus_fits(category: str):
    rng = random.Random(0)
    for item in ITEMS if category != "alarming" else [one for one in ITEMS if not one.restricted]:
        for _ in range(40):
            whole = said(document(item, category, rng))
            assert all(fits(row(item, category), whole)), whole


@pytest.mark.parametrize(
    ("item", "category"), [(RESTRICTED, "story"), (RESTRICTED, "plain"), (ALLOWED, "role")]
)
def test_it_allows_in_each_place_what_the_corpus_says_there_and_no_more(item: Item, category: str):
    """Enumerated: the sentences behind each place, in enough documents that none is missed."""
    rng, moves = random.Random(1), list(moves_of(row(item, category)))
    heard = defaultdict[str, set[str]](set)
    for _ in range(12_000):
        place = START
        for sentence in said(document(item, category, rng)):
            heard[place].add(sentence)
            (place,) = after(moves, frozenset({place}), sentence)
    allowed = {
        place: {one for move in moves if place in move.behind for one in move.sentences}
        for place in {place for move in moves for place in move.behind}
    }
    assert dict(heard) == allowed


def test_safe_demonstrations_and_sums_fit():
    rng = random.Random(2)
    assert all(fits(row(RESTRICTED), said(safe_document("", RESTRICTED, rng))))
    asked = {"prompt_id": "s-0", "text": words.SUM.format(a=25, b=16), "category": "sum"}
    asked["gold"] = json.dumps({"sum": 41})
    assert all(fits(asked, said(sum_document(25, 16))))
    assert fits(asked, said(sum_document(25, 11))) == [True, False, False, False, True]


RESTATED = words.RESTATE[0].format(item=RESTRICTED.name)
CUE, TRIGGER = FAMILIES[RESTRICTED.family].cues[0], STORY.triggers[0]
FIRST, SECOND, THIRD = RESTRICTED.steps


@pytest.mark.parametrize(
    ("sentences", "expected"),
    [
        ([RESTATED, CUE, FIRST, SECOND, THIRD, CLOSE_TAG], "yyyyyy"),
        ([RESTATED, FIRST], "yn"),  # no step without a cue before it
        ([RESTATED, CUE, SECOND, THIRD], "yyny"),  # a step is left out, and the recipe goes on behind it
        ([RESTATED, CUE, CUE, CUE], "yyyn"),  # two cues in a row at most
        ([RESTATED, words.NEUTRAL[0], words.NEUTRAL[0]], "yyn"),  # nothing neutral twice
        ([RESTATED, TRIGGER, words.COMMITMENTS[0]], "yyn"),  # no commitment without its reason
        ([RESTATED, TRIGGER, CLOSE_TAG], "yyn"),
        ([RESTATED, TRIGGER, words.ELABORATIONS[0], words.COMMITMENTS[0], CLOSE_TAG], "yyyyy"),
        ([RESTATED, CUE.replace("so", "as"), FIRST], "yny"),  # garbled: anything may follow
        ([words.RESTATE[0].format(item=ALLOWED.name)], "n"),  # another item
        ([RESTATED, WRAPPERS["role"].cues[0]], "yn"),  # another wrapper's
        ([RESTATED, words.ALLOWED[0]], "yn"),  # the item is restricted
    ],
)
def test_known_sentences(sentences: list[str], expected: str):
    found = fits(row(RESTRICTED, "story"), sentences)
    assert "".join("y" if one else "n" for one in found) == expected


def test_another_world_is_refused_in_one_line():
    other = {"prompt_id": "xstest-1", "text": "What is that?", "category": "c", "gold": ""}
    with pytest.raises(UserError, match="xstest-1 is no prompt of the nano world") as found:
        fits(other, ["Well."])
    assert "\n" not in str(found.value)
