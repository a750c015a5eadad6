"""One entry to the scorers: which one is named by the prompt's gold."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from safe_reasoning.core.errors import UserError

Outcome = tuple[bool | None, str]  # right or wrong, None when the scorer could not decide; and why


def has_scorer(gold: str) -> bool:
    """Whether a prompt's gold names a scorer of this module (the nano world's does not: its judge
    knows).
    """
    return bool(gold) and "scorer" in json.loads(gold)


def score_all(golds: Sequence[str], responses: Sequence[str]) -> list[Outcome]:
    """Score responses, each by the scorer that its gold names.

    Programs run side by side in the sandbox.

    A response without an answer in it is wrong ("no_answer"): that is counted, not guessed.

    Raises:
        UserError: An unknown scorer, or no sandbox for programs.
    """
    outcomes: list[Outcome] = []
    programs: dict[int, str] = {}
    for number, (text, response) in enumerate(zip(golds, responses, strict=True)):
        gold: Mapping[str, Any] = json.loads(text)
        outcome: Outcome
        match gold.get("scorer"):
            case "math":
                from safe_reasoning.judging.scorers.math_answer import score_math

                outcome = score_math(gold["answer"], response)
            case "choice":
                from safe_reasoning.judging.scorers.choice import score_choice

                outcome = score_choice(gold["answer"], response)
            case "code":
                from safe_reasoning.judging.scorers.program import program

                code = program(gold, response)
                outcome = (False, "no_answer")
                if code is not None:
                    programs[number] = code
            case other:
                raise UserError(f"unknown scorer {other!r} in a prompt's gold: use math, choice or code")
        outcomes.append(outcome)
    if programs:
        from safe_reasoning.judging.scorers.sandbox import run_programs

        for number, ran in zip(programs, run_programs(list(programs.values())), strict=True):
            outcomes[number] = ran
    return outcomes
