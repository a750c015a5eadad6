r"""Mathematical answers, compared by math-verify.

The last box of a response counts alone; without a box its last expression does. A last box that
does not end is no answer: the response was cut off before it stated one.
"""

from __future__ import annotations

import re
from typing import Any

from math_verify import parse, verify
from math_verify.errors import TimeoutException
from math_verify.utils import timeout
from sympy import And, FiniteSet, Intersection, Set, Union
from sympy.core.relational import Relational

from safe_reasoning.judging.scorers.boxes import boxed
from safe_reasoning.judging.scorers.written_forms import based_numbers, in_base_ten, is_text, one_form, words

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
    boxes = boxed(response)
    if boxes and boxes[-1] is None:
        return False, "no_answer"
    stated = boxes[-1] if boxes else None
    try:
        gold = _parsed(f"\\boxed{{{one_form(answer)}}}")
        if not gold:
            return None, "unreadable_reference"
        if stated is None:
            found, equal = _parsed(response), None
        else:
            equal = _equal_as_written(answer, stated)
            if equal is None and not based_numbers(answer):
                stated = in_base_ten(stated)
            found = [stated] if equal is not None else _parsed(f"\\boxed{{{one_form(stated)}}}")
        if not found:
            return False, "no_answer"
        if equal is None:
            equal = _equal(gold, found, joined_by_or=bool(re.search(r"\bor\b|\\lor|\\vee", stated or "")))
    except TimeoutException:
        return None, "scorer_timeout"
    return (True, "") if equal else (False, "wrong")


def _parsed(text: str) -> list[Any]:
    """The expressions that math-verify finds, none where it fails; a TimeoutException passes."""
    try:
        return parse(text, parsing_timeout=SECONDS, raise_on_error=True)
    except ValueError as error:
        if "threaded environment" in str(error):
            raise
        return []
    except Exception:
        return []


def _equal_as_written(answer: str, stated: str) -> bool | None:
    """Whether two answers are equal where their writing tells; None where it does not."""
    gold, given = based_numbers(answer), words(stated)
    if gold and based_numbers(stated):  # math-verify drops the base
        return any(based_numbers(side) == gold for side in stated.split("="))
    if words(answer) is not None and words(answer) == given:
        return True
    # As products of variables, anagrams would be equal
    return False if is_text(answer) and words(answer) is not None and given is not None else None


def _equal(gold: list[Any], found: list[Any], *, joined_by_or: bool) -> bool:
    """Whether any two readings are equal; a TimeoutException where it is undetermined."""
    late: TimeoutException | None = None
    for reference in gold:
        for reading in found:
            try:
                if isinstance(reference, Set):
                    reading = timeout(SECONDS)(_as_set)(reading, joined_by_or)
                if verify(
                    reference,
                    reading,
                    allow_set_relation_comp=True,
                    timeout_seconds=SECONDS,
                    raise_on_error=True,
                ):
                    return True
            except TimeoutException as error:
                late = error
            except Exception:  # they cannot be compared
                continue
    if late:
        raise late
    return False


def _as_set(reading: Any, joined_by_or: bool) -> Any:
    """Several inequalities as the set that they describe; anything else as it is."""
    if not isinstance(reading, FiniteSet) or not all(
        isinstance(part, Relational | And) for part in reading.args
    ):
        return reading
    sets = [part.as_set() for part in reading.args]
    return Union(*sets) if joined_by_or else Intersection(*sets)
