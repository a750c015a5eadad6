"""Whether a sentence of a reasoning speaks of safety.

In the nano world the trigger sentences are known. Elsewhere a sentence counts that refuses or
disapproves by our phrases (`core/refusals.py`, `core/disapproval.py`), which were written for
responses: on reasoning nobody has measured their errors.
"""

from __future__ import annotations

from collections.abc import Callable

from safe_reasoning.core.disapproval import disapproves
from safe_reasoning.core.refusals import declines
from safe_reasoning.core.wording import plain
from safe_reasoning.prompts.nano_world import language as words
from safe_reasoning.prompts.nano_world.families import FAMILIES
from safe_reasoning.prompts.nano_world.wrappers import HELD_OUT_WRAPPERS, WRAPPERS

TRIGGERS = frozenset(
    [
        *(sentence for _, sentences in words.TRIGGERS.values() for sentence in sentences),
        *(sentence for wrapper in (WRAPPERS | HELD_OUT_WRAPPERS).values() for sentence in wrapper.triggers),
        *(sentence for family in FAMILIES.values() for sentence in family.triggers),
        *words.LATE_TRIGGERS,
    ]
)


def speaks_of_safety(judge: str) -> Callable[[str], bool]:
    """The test of one sentence that goes with a judge, by the judge's name."""
    return TRIGGERS.__contains__ if judge == "exact" else _by_phrases


def _by_phrases(sentence: str) -> bool:
    text = plain(sentence)
    return declines(text) or disapproves(text)
