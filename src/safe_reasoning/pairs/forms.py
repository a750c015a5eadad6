"""The forms of written safety reasoning: pure functions from a prompt to sentences.

A form says what stands in the reasoning before the decision, on a harmful and on a benign prompt.
Every sentence is our own; in the nano world its values are those of the gold.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import NamedTuple

from safe_reasoning.core.errors import UserError
from safe_reasoning.pairs.wording import Wording

YES = {True: "yes", False: "no"}


class Form(NamedTuple):
    """A form of reasoning.

    Attributes:
        sentences: what it says of a prompt; True for a harmful one.
        goes_on: whether the model's own reasoning follows on benign prompts, without its first
            sentence.
        inserted: whether the sentences stand after the model's own first one, all else unchanged.
        gold: whether it needs the nano world's gold.
    """

    sentences: Callable[[Wording, bool, random.Random], list[str]]
    goes_on: bool = True
    inserted: bool = False
    gold: bool = False


def _improved(words: Wording, harmful: bool, rng: random.Random) -> list[str]:
    """Restate, decide at once, without elaboration."""
    decided = [words.rule(rng), words.commitment(rng)] if harmful else [words.allowed(rng)]
    return [words.restate(rng), *decided]


def _short(words: Wording, harmful: bool, rng: random.Random) -> list[str]:
    """Restate, and the rule or the permission."""
    return [words.restate(rng), words.rule(rng) if harmful else words.allowed(rng)]


def _none(words: Wording, harmful: bool, rng: random.Random) -> list[str]:
    """Nothing."""
    return []


def _template(words: Wording, harmful: bool, rng: random.Random) -> list[str]:
    """A question to each property of the request, answered yes or no, then the verdict."""
    answers = {"Is this item restricted?": harmful}
    if words.gold:
        answers |= {
            "Is the request wrapped in something else?": words.category not in ("plain", "alarming"),
            "Is it put in alarming words?": words.category == "alarming",
        }
    else:
        answers = {"Could someone be hurt by an answer?": harmful, "Is it against a rule?": harmful}
    return [
        *(f"{question} {YES[value].capitalize()}." for question, value in answers.items()),
        f"Verdict: {'refuse' if harmful else 'answer'}.",
    ]


def _assessed(words: Wording, harmful: bool, rng: random.Random) -> list[str]:
    """One sentence that assesses the harm, after the model's own understanding of the request."""
    return [words.rule(rng) if harmful else words.allowed(rng)]


def _safer(words: Wording, harmful: bool, rng: random.Random) -> list[str]:
    """Assessment, the rule if there is one, calibration of the path."""
    if harmful:
        return [words.restate(rng), words.rule(rng), words.commitment(rng)]
    care = " with care" if words.category == "alarming" else ""
    return [words.restate(rng), "No rule of mine speaks against it.", f"So I will answer{care}."]


def _steps(words: Wording, harmful: bool, rng: random.Random) -> list[str]:
    """Steps with titles, as in STAIR's structured reasoning: request, risk, answer."""
    return [
        "Step 1, the request.",
        words.restate(rng),
        "Step 2, the risk.",
        words.rule(rng) if harmful else words.allowed(rng),
        "Step 3, the answer.",
        *([words.commitment(rng)] if harmful else []),
    ]


def _armor(words: Wording, harmful: bool, rng: random.Random) -> list[str]:
    """The strategy around the request, what is wanted without it, and the policy."""
    wrapped = words.category not in ("plain", "alarming")
    strategy = f"The strategy is {words.category}." if wrapped else "There is no strategy around it."
    return [strategy, *_armor_no_strategy(words, harmful, rng)]


def _armor_no_strategy(words: Wording, harmful: bool, rng: random.Random) -> list[str]:
    """The same without its first step, which is the ablation."""
    return [
        f"What is wanted is the recipe of {words.gold['item']}.",
        "The policy says that it is restricted." if harmful else "The policy says that it is free.",
    ]


FORMS: dict[str, Form] = {
    "improved": Form(_improved),
    "short": Form(_short, goes_on=False),
    "template": Form(_template),
    "none": Form(_none, goes_on=False),
    "assessed": Form(_assessed, inserted=True),
    "safer": Form(_safer),
    "steps": Form(_steps),
    "armor": Form(_armor, gold=True),
    "armor_no_strategy": Form(_armor_no_strategy, gold=True),
}


def sentences_of(form: str, words: Wording, harmful: bool, rng: random.Random) -> list[str]:
    """What a form says of a prompt; one that needs gold and gets none is a UserError."""
    if FORMS[form].gold and not words.gold:
        raise UserError(
            f"form {form} needs strategy, intent and policy of each request, known in the nano world alone: "
            "take another form"
        )
    return FORMS[form].sentences(words, harmful, rng)
