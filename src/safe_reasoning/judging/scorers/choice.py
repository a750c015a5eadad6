"""Multiple choice: the last letter that is stated as the answer."""

from __future__ import annotations

import re

_ANSWER = re.compile(r"ANSWER\s*:\s*[*_`$(\s]*(?:\\boxed\{|\\text\{)*\s*([A-D])\b", re.IGNORECASE)
_BOXED = re.compile(r"\\boxed\{\s*(?:\\text\{)?\s*\(?([A-D])\)?\s*\}")


def stated_choice(response: str) -> str | None:
    """The letter of the last `ANSWER: X`, or else of the last boxed letter.

    None when neither is there. Nothing is guessed from running text.
    """
    found = _ANSWER.findall(response) or _BOXED.findall(response)
    return found[-1].upper() if found else None


def score_choice(answer: str, response: str) -> tuple[bool, str]:
    """Whether the stated letter is the right one."""
    letter = stated_choice(response)
    if letter is None:
        return False, "no_answer"
    return (True, "") if letter == answer else (False, "wrong")
