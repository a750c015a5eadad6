"""What the nano world's compliance cues are about, and which of them rationalise.

A cue rationalises when it supposes something harmless about the person who asks (`curiosity`) or
about the request (`setting`: the excuse that a wrapper offers, such as a story), or admits the
wrong and goes on (`explore`). `craft` and `going_on` are mere willingness. Cues that a family of
items has (`item`) praise the item: half of them hold no reason, so they are none of the two.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from safe_reasoning.prompts.nano_world import language as words
from safe_reasoning.prompts.nano_world.families import FAMILIES
from safe_reasoning.prompts.nano_world.wrappers import HELD_OUT_WRAPPERS, WRAPPERS

RATIONALISING = ("curiosity", "setting", "explore")
WILLING = ("craft", "going_on")


def _by_theme() -> Iterator[tuple[str, Iterable[str]]]:
    yield from words.CUES.items()
    yield "going_on", words.MORE_CUES
    yield "setting", [cue for wrapper in (WRAPPERS | HELD_OUT_WRAPPERS).values() for cue in wrapper.cues]
    yield "item", [cue for family in FAMILIES.values() for cue in family.cues]


# Theme of every cue, with the name of each family put in
THEMES = {
    cue.format(family=family): theme for theme, cues in _by_theme() for cue in cues for family in FAMILIES
}
