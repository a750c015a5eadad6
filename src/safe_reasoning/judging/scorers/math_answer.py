"""Mathematical answers, compared by math-verify.

The last boxed expression of a response, else its last expression, against the reference.
"""

from __future__ import annotations

from math_verify import parse, verify
from math_verify.errors import TimeoutException

# For parsing or comparing one answer; math-verify counts them by a signal, so this runs on the main
# thread
SECONDS = 5


def score_math(answer: str, response: str) -> tuple[bool | None, str]:
    """Whether the response's answer equals the reference, with the reason when it does not count as
    right.

    Args:
        answer: the reference, LaTeX or a plain number.
        response: the model's response, after its reasoning.

    Returns:
        (True, ""), (False, "wrong"), (False, "no_answer") where no expression is found, or (None,
        reason) where the scorer itself could not decide.
    """
    try:
        gold = parse(f"\\boxed{{{answer}}}", parsing_timeout=SECONDS, raise_on_error=True)
        if not gold:
            return None, "unreadable_reference"
        found = parse(response, parsing_timeout=SECONDS)
        if not found:
            return False, "no_answer"
        return (True, "") if verify(gold, found, timeout_seconds=SECONDS) else (False, "wrong")
    except TimeoutException:
        return None, "scorer_timeout"
