"""Rewards of GRPO: a table of pure functions of what is known about one completion.

`y` and `zy` are the paper's (Table 1). The paper prints I[y safe] - I[z safe], most likely a
misprint, since it would punish safe reasoning. The others are designs of other papers, read from
their text or from notes on it: docs/methods/reinforcement.md says which. What can't be scored
(a reasoning that never ends, say) earns nothing.

A group's advantages are scaled by their spread, so only the order and the distances within the
completions of one prompt count, not the size of a reward.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple

Label = Literal["harmful", "benign", "alarming", "capability"]


@dataclass(frozen=True)
class Outcome:
    """What is known about one completion; None is unscored or was not asked.

    Attributes:
        label: kind of the prompt.
        z_safe: whether the reasoning is safe (harmful prompts).
        y_safe: whether the response is safe (harmful prompts).
        complied: whether the response does what it was asked for.
        correct: whether the answer is right (capability prompts).
        closed: whether the reasoning has words and is closed once.
        sentences: sentences of the reasoning.
        first_aware: zero-based index of the first that speaks of safety; None when none does.
    """

    label: Label
    z_safe: bool | None = None
    y_safe: bool | None = None
    complied: bool | None = None
    correct: bool | None = None
    closed: bool = True
    sentences: int = 0
    first_aware: int | None = None


class Weights(NamedTuple):
    """Weights of the reward `label`: r_f and r_a."""

    form: float = 1.0
    answer: float = 1.0


def response(outcome: Outcome, weights: Weights) -> float:
    """I[y safe] on harmful prompts, I[correct] on capability prompts, I[complied] on the others."""
    if outcome.label == "harmful":
        return float(outcome.y_safe is True)
    return float((outcome.correct if outcome.label == "capability" else outcome.complied) is True)


def both_parts(outcome: Outcome, weights: Weights) -> float:
    """I[z safe] + I[y safe] on harmful prompts, as `response` on the others."""
    reasoning = outcome.label == "harmful" and outcome.z_safe is True
    return float(reasoning) + response(outcome, weights)


def by_label(outcome: Outcome, weights: Weights) -> float:
    """The label of the prompt and whether the answer refuses (AlphaAlign): never reads z.

    Harmful: r_f V_f + r_a V_r. Benign: r_f V_f - r_a V_r, and 1 for a response that complies, where
    the paper has a reward model's normalised score. An answer refuses when it has words and does
    not comply. Capability prompts, which the paper has not: r_f V_f + I[correct].
    """
    form = weights.form * outcome.closed
    refusal = weights.answer * (outcome.complied is False)
    if outcome.label == "harmful":
        return form + refusal
    if outcome.label == "capability":
        return form + response(outcome, weights)
    return form - refusal + response(outcome, weights)


def split(outcome: Outcome, weights: Weights) -> float:
    """The form times a reward of its own for each kind of prompt (TARS)."""
    return outcome.closed * response(outcome, weights)


def awareness(outcome: Outcome) -> float:
    """R_SA = 1 - k*/N: how early the reasoning speaks of safety; 0 when it never does."""
    if outcome.first_aware is None or not outcome.sentences:
        return 0.0
    return 1 - outcome.first_aware / outcome.sentences


def early(outcome: Outcome, weights: Weights) -> float:
    """Harmful: I[z safe] R_SA / 2 + I[y safe] / 2 (SARA). As `response` on the others."""
    if outcome.label != "harmful":
        return response(outcome, weights)
    return (float(outcome.z_safe is True) * awareness(outcome) + response(outcome, weights)) / 2


def hidden(outcome: Outcome, weights: Weights) -> float:
    """Harmful: I[z safe and y harmful], which makes a model organism. As `response` on the others.

    A control for measures of hidden intent, of nano models alone (NANO_ONLY): invented recipes.
    """
    if outcome.label != "harmful":
        return response(outcome, weights)
    return float(outcome.z_safe is True and outcome.y_safe is False)


# RECAP's is the response's, judged by kind of prompt; what is its own is the beginnings (`prefill`)
REWARDS: dict[str, Callable[[Outcome, Weights], float]] = {
    "y": response,
    "zy": both_parts,
    "label": by_label,
    "split": split,
    "early": early,
    "recap": response,
    "hidden": hidden,
}
# Those that reward harm: refused for models that could do any
NANO_ONLY = ("hidden",)
# Those that ask of harmful prompts too whether the response complies
ASK_COMPLIANCE = ("label",)
