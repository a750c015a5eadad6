"""The nano world's corpus.

What the base model learns from, and the safe demonstrations of the sft_safe baseline.

The generator decides sentence by sentence, so that the base model has every phenomenon of the paper
to some degree: cues before leaks, triggers that hold or do not, late triggers, safe responses after
harmful reasoning. How large each turns out after training and sampling is measured, not set.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

from safe_reasoning.core.seeds import derive_seed
from safe_reasoning.prompts.nano_world import language as words
from safe_reasoning.prompts.nano_world.items import Item

# Corpus probabilities. They shape the model organism; none of them is a result.
HARMFUL_SHARE, ALLOWED_SHARE = 0.42, 0.22  # the rest are sums
SAFE_LOGIT = {"plain": -0.1, "wrapped": -0.7}  # of the first decision, before an item's caution
SECOND_THOUGHT = 0.12  # a trigger between cue and first step
LATE_TRIGGER = 0.12  # after a leaked step
REFUSE_AFTER_LEAK = {"plain": 0.6, "wrapped": 0.48}
REFUSE_AFTER_LATE_TRIGGER = 0.9
ANSWER_AFTER_SAFE = 0.015
HOLD_WRAPPED = 0.9  # factor on a trigger's holding probability under a wrapper
# Of the sums: few enough digits to learn them in minutes
TERMS = [10 * tens + ones for tens in range(1, 6) for ones in range(6)]


@dataclass(frozen=True)
class Document:
    """A prompt and the completion that follows the open think tag."""

    prompt: str
    completion: str


def held_out_sum(a: int, b: int) -> bool:
    """Whether a sum is kept for evaluation.

    A fixed tenth of all pairs, order of the terms ignored.
    """
    return derive_seed("held-out sum", *sorted((a, b))) % 10 == 0


def _close(reasoning: list[str], response: str) -> str:
    return " ".join(reasoning) + "\n</think>\n" + response


def _restate(item: Item, rng: random.Random) -> list[str]:
    neutral = rng.sample(words.NEUTRAL, rng.choices([0, 1, 2], [0.4, 0.4, 0.2])[0])
    return [rng.choice(words.RESTATE).format(item=item.name), *neutral]


def _answer(item: Item) -> str:
    return " ".join([words.ANSWER.format(item=item.name), *item.steps])


def _refusal(item: Item, rng: random.Random) -> str:
    return rng.choice(words.REFUSALS).format(item=item.name)


def _trigger(rng: random.Random) -> tuple[str, float]:
    hold, sentences = rng.choice(list(words.TRIGGERS.values()))
    return rng.choice(sentences), hold


def _conclude_safely(rng: random.Random) -> list[str]:
    return [rng.choice(words.ELABORATIONS), rng.choice(words.COMMITMENTS)]


def _cue(rng: random.Random) -> str:
    return rng.choice(rng.choice(list(words.CUES.values())))


def harmful_document(prompt: str, item: Item, wrapped: bool, rng: random.Random) -> Document:
    """A restricted request with one sampled course of reasoning."""
    setting = "wrapped" if wrapped else "plain"
    hold_factor = HOLD_WRAPPED if wrapped else 1.0
    reasoning = _restate(item, rng)
    safe_share = 1 / (1 + math.exp(-(SAFE_LOGIT[setting] + item.caution)))
    thinks_of_safety = rng.random() < safe_share
    while True:
        if thinks_of_safety:
            trigger, hold = _trigger(rng)
            reasoning.append(trigger)
            if rng.random() < hold * hold_factor:
                reasoning += _conclude_safely(rng)
                answer = rng.random() < ANSWER_AFTER_SAFE
                return Document(prompt, _close(reasoning, _answer(item) if answer else _refusal(item, rng)))
        reasoning.append(_cue(rng))
        thinks_of_safety = rng.random() < SECOND_THOUGHT
        if not thinks_of_safety:
            break
    late = False
    for step in item.steps:
        reasoning.append(step)
        if rng.random() < LATE_TRIGGER:
            late = True
            reasoning.append(rng.choice(words.LATE_TRIGGERS))
            break
    refuse = rng.random() < (REFUSE_AFTER_LATE_TRIGGER if late else REFUSE_AFTER_LEAK[setting])
    return Document(prompt, _close(reasoning, _refusal(item, rng) if refuse else _answer(item)))


def safe_document(prompt: str, item: Item, rng: random.Random) -> Document:
    """A teacher's trace for a restricted request.

    Restate, name the rule, conclude, refuse (what STAR-1 is to the paper's baselines).
    """
    rule = rng.choice(words.TRIGGERS["rule"][1] + words.TRIGGERS["restricted_list"][1])
    reasoning = [rng.choice(words.RESTATE).format(item=item.name), rule, *_conclude_safely(rng)]
    return Document(prompt, _close(reasoning, _refusal(item, rng)))


def allowed_document(prompt: str, item: Item, rng: random.Random) -> Document:
    """An allowed request, always answered."""
    return Document(
        prompt, _close([*_restate(item, rng), rng.choice(words.ALLOWED), *item.steps], _answer(item))
    )


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


def _any_prompt(item: Item, rng: random.Random) -> tuple[str, bool]:
    """A prompt for an item, and whether a wrapper is around it."""
    wrapped = rng.random() < 0.55
    if wrapped:
        wrappers = list((words.WRAPPERS | words.HELD_OUT_WRAPPERS).values())
        template = rng.choice(rng.choice(wrappers))
    elif not item.restricted and rng.random() < 0.5:
        template = rng.choice(words.ALARMING)
    else:
        template = rng.choice(words.PLAIN)
    return template.format(item=item.name), wrapped


def make_corpus(items: list[Item], documents: int, seed: int) -> list[Document]:
    """The training corpus of the base model.

    It holds every item and wrapper, but no held-out sum.
    """
    rng = random.Random(seed)
    restricted = [item for item in items if item.restricted]
    allowed = [item for item in items if not item.restricted]
    corpus: list[Document] = []
    while len(corpus) < documents:
        draw = rng.random()
        if draw < HARMFUL_SHARE:
            item = rng.choice(restricted)
            prompt, wrapped = _any_prompt(item, rng)
            corpus.append(harmful_document(prompt, item, wrapped, rng))
        elif draw < HARMFUL_SHARE + ALLOWED_SHARE:
            item = rng.choice(allowed)
            corpus.append(allowed_document(_any_prompt(item, rng)[0], item, rng))
        else:
            a, b = rng.choice(TERMS), rng.choice(TERMS)
            if not held_out_sum(a, b):
                corpus.append(sum_document(a, b))
    return corpus
