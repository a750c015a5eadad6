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
from safe_reasoning.judging.judges.exact import TRIGGERS


def speaks_of_safety(judge: str) -> Callable[[str], bool]:
    """The test of one sentence that goes with a judge, by the judge's name."""
    return TRIGGERS.__contains__ if judge == "exact" else _by_phrases


def _by_phrases(sentence: str) -> bool:
    text = plain(sentence)
    return declines(text) or disapproves(text)
