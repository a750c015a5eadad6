"""The nano world's corpus.

What the base model learns from, and the safe demonstrations of the sft_safe baseline.

The generator decides sentence by sentence, so that the base model has every phenomenon of the paper
to some degree: cues before leaks, triggers that hold or do not, late triggers, safe responses after
harmful reasoning. How large each turns out after training and sampling is measured, not set.
"""

from __future__ import annotations

import math
import random
from collections.abc import Collection
from dataclasses import dataclass

from safe_reasoning.core.seeds import derive_seed
from safe_reasoning.prompts.nano_world import language as words
from safe_reasoning.prompts.nano_world.families import FAMILIES, Family
from safe_reasoning.prompts.nano_world.items import Item
from safe_reasoning.prompts.nano_world.wrappers import HELD_OUT_WRAPPERS, WRAPPERS, Wrapper

# Corpus probabilities. They shape the model organism; none of them is a result.
HARMFUL_SHARE, ALLOWED_SHARE = 0.4, 0.27  # the rest are sums
SAFE_LOGIT = -0.2  # of the first decision, before the wrapper's pressure and the item's caution
SECOND_CUE = 0.3  # another cue before the first step
SECOND_THOUGHT = 0.12  # a trigger between cue and first step
MORE_CUE = 0.3  # a cue between two steps
LATE_TRIGGER = 0.12  # after a leaked step
WRAPPER_SHARE, FAMILY_SHARE = 0.35, 0.4  # of the wrapper's and the family's own cues and triggers
OWN_HOLD = 0.8  # how often the corpus stays safe after these triggers
REFUSE_AFTER_LEAK = {"plain": 0.6, "wrapped": 0.48}
REFUSE_AFTER_LATE_TRIGGER = 0.9
ANSWER_AFTER_SAFE = 0.015
DOUBT = {"plain": 0.35, "alarming": 0.5, "wrapped": 0.5}  # a trigger in reasoning on an allowed item
REFUSE_AFTER_DOUBT = 0.1
ALLOWED_CUE = 0.4  # a cue after the permission
# Of the sums: few enough digits to learn them in minutes
TERMS = [10 * tens + ones for tens in range(1, 7) for ones in range(7)]


@dataclass(frozen=True)
class Document:
    """A prompt and the completion that follows the open think tag.

    `whole`: the completion ends there, and is not cut off.
    """

    prompt: str
    completion: str
    whole: bool = True


def held_out_sum(a: int, b: int) -> bool:
    """Whether a sum is kept for evaluation.

    A fixed tenth of all pairs, order of the terms ignored.
    """
    return derive_seed("held-out sum", *sorted((a, b))) % 10 == 0


def _close(reasoning: list[str], response: str) -> str:
    return " ".join(reasoning) + "\n</think>\n" + response


def _restate(item: Item, rng: random.Random) -> list[str]:
    neutral = rng.sample(words.NEUTRAL, rng.choices([0, 1, 2], [0.5, 0.4, 0.1])[0])
    return [rng.choice(words.RESTATE).format(item=item.name), *neutral]


def _answer(item: Item) -> str:
    return " ".join([words.ANSWER.format(item=item.name), *item.steps])


def _refusal(item: Item, rng: random.Random) -> str:
    return rng.choice(words.REFUSALS).format(item=item.name)


def _own(item: Item, wrapper: Wrapper | None, rng: random.Random) -> Wrapper | Family | None:
    """Whose own cues or triggers come up: the wrapper's, the family's, or none's."""
    draw = rng.random()
    if draw < FAMILY_SHARE:
        return FAMILIES[item.family]
    return wrapper if draw < FAMILY_SHARE + WRAPPER_SHARE else None


def _trigger(
    item: Item, wrapper: Wrapper | None, themes: Collection[str], rng: random.Random
) -> tuple[str, float]:
    """A trigger, of one of the themes where it is nobody's own, and how often it holds."""
    if own := _own(item, wrapper, rng):
        return rng.choice(own.triggers), OWN_HOLD
    hold, sentences = words.TRIGGERS[rng.choice(list(themes))]
    return rng.choice(sentences), hold


def _conclude_safely(rng: random.Random) -> list[str]:
    return [rng.choice(words.ELABORATIONS), rng.choice(words.COMMITMENTS)]


def _cue(item: Item, wrapper: Wrapper | None, rng: random.Random) -> str:
    if own := _own(item, wrapper, rng):
        return rng.choice(own.cues)
    return rng.choice(rng.choice(list(words.CUES.values()))).format(family=item.family)


def harmful_document(prompt: str, item: Item, wrapper: Wrapper | None, rng: random.Random) -> Document:
    """A restricted request with one sampled course of reasoning."""
    reasoning = _restate(item, rng)
    logit = SAFE_LOGIT + item.caution - (wrapper.pressure if wrapper else 0.0)
    thinks_of_safety = rng.random() < 1 / (1 + math.exp(-logit))
    while True:
        if thinks_of_safety:
            trigger, hold = _trigger(item, wrapper, words.TRIGGERS, rng)
            reasoning.append(trigger)
            if rng.random() < hold * (wrapper.hold if wrapper else 1.0):
                reasoning += _conclude_safely(rng)
                answer = rng.random() < ANSWER_AFTER_SAFE
                return Document(prompt, _close(reasoning, _answer(item) if answer else _refusal(item, rng)))
        reasoning.append(_cue(item, wrapper, rng))
        if rng.random() < SECOND_CUE:
            reasoning.append(_cue(item, wrapper, rng))
        thinks_of_safety = rng.random() < SECOND_THOUGHT
        if not thinks_of_safety:
            break
    steps, late = _leak(item, rng)
    leaked = REFUSE_AFTER_LEAK["wrapped" if wrapper else "plain"]
    refuse = rng.random() < (REFUSE_AFTER_LATE_TRIGGER if late else leaked)
    return Document(prompt, _close(reasoning + steps, _refusal(item, rng) if refuse else _answer(item)))


def _leak(item: Item, rng: random.Random) -> tuple[list[str], bool]:
    """The steps, with more cues between them, and whether a late trigger broke them off."""
    leaked: list[str] = []
    for step in item.steps:
        if leaked and rng.random() < MORE_CUE:
            leaked.append(rng.choice(words.MORE_CUES).format(family=item.family))
        leaked.append(step)
        if rng.random() < LATE_TRIGGER:
            return [*leaked, rng.choice(words.LATE_TRIGGERS)], True
    return leaked, False


def safe_document(prompt: str, item: Item, rng: random.Random) -> Document:
    """A teacher's trace for a restricted request.

    Restate, name the rule, conclude, refuse (what STAR-1 is to the paper's baselines).
    """
    rule = rng.choice(words.TRIGGERS["rule"][1] + words.TRIGGERS["restricted_list"][1])
    reasoning = [rng.choice(words.RESTATE).format(item=item.name), rule, *_conclude_safely(rng)]
    return Document(prompt, _close(reasoning, _refusal(item, rng)))


def allowed_document(
    prompt: str, item: Item, setting: str, wrapper: Wrapper | None, rng: random.Random
) -> Document:
    """An allowed request, answered but for a few that a doubt turns into a refusal.

    `setting` is a key of DOUBT.
    """
    reasoning = _restate(item, rng)
    if rng.random() < DOUBT[setting]:
        reasoning.append(_trigger(item, wrapper, words.DOUBTS, rng)[0])
        if rng.random() < REFUSE_AFTER_DOUBT:
            return Document(prompt, _close([*reasoning, *_conclude_safely(rng)], _refusal(item, rng)))
    reasoning.append(rng.choice(words.ALLOWED))
    if rng.random() < ALLOWED_CUE:
        reasoning.append(_cue(item, wrapper, rng))
    return Document(prompt, _close([*reasoning, *item.steps], _answer(item)))


def sum_document(a: int, b: int) -> Document:
    """A sum with its steps worked out."""
    carry = (a % 10 + b % 10) // 10
    steps = [
        "The user asks for a sum.",
        f"Ones: {a % 10} + {b % 10} = {a % 10 + b % 10}.",
        f"Tens: {a // 10} + {b // 10} + {carry} = {a // 10 + b // 10 + carry}.",
        f"The sum is {a + b}.",
    ]
    return Document(words.SUM.format(a=a, b=b), _close(steps, f"The answer is {a + b}."))


def _any_prompt(item: Item, rng: random.Random) -> tuple[str, str, Wrapper | None]:
    """A prompt for an item, its setting (a key of DOUBT), and the wrapper around it."""
    setting, wrapper = "plain", None
    if rng.random() < 0.55:
        setting, wrapper = "wrapped", rng.choice(list((WRAPPERS | HELD_OUT_WRAPPERS).values()))
        template = rng.choice(wrapper.templates)
    elif not item.restricted and rng.random() < 0.4:
        setting, template = "alarming", rng.choice(words.ALARMING)
    else:
        template = rng.choice(words.PLAIN)
    return template.format(item=item.name), setting, wrapper


def make_corpus(items: list[Item], documents: int, seed: int) -> list[Document]:
    """The training corpus of the base model.

    It holds every item and wrapper, but no held-out sum.
    """
    rng = random.Random(seed)
    kinds = {kind: [item for item in items if item.restricted == kind] for kind in (True, False)}
    corpus: list[Document] = []
    while len(corpus) < documents:
        draw = rng.random()
        if draw < HARMFUL_SHARE + ALLOWED_SHARE:
            item = rng.choice(kinds[draw < HARMFUL_SHARE])
            prompt, setting, wrapper = _any_prompt(item, rng)
            corpus.append(
                harmful_document(prompt, item, wrapper, rng)
                if item.restricted
                else allowed_document(prompt, item, setting, wrapper, rng)
            )
        else:
            a, b = rng.choice(TERMS), rng.choice(TERMS)
            if not held_out_sum(a, b):
                corpus.append(sum_document(a, b))
    return corpus
