"""Where a reasoning turns unsafe, by a scorer that is asked at the end of each sentence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from safe_reasoning.control.controller import Draft
from safe_reasoning.control.inputs import PolicyInputs
from safe_reasoning.control.step_labels import ended_steps
from safe_reasoning.control.steps import Step, steps_of
from safe_reasoning.judging.base import Question


class Scored(NamedTuple):
    """Ended sentences of a draft since its last edit.

    Attributes:
        steps: the sentences.
        risks: how unsafe the reasoning is at the end of each, between 0 and 1.
        place: of the first unsafe one; None where there is none.
    """

    steps: list[Step]
    risks: list[float]
    place: int | None


def unsafe_steps(inputs: PolicyInputs, drafts: Sequence[Draft]) -> list[Scored]:
    """Each draft's sentences, scored by the run's judge or by the learned scorer."""
    learned = getattr(inputs.settings, "scorer", "judge") == "learned"
    return [_learned(inputs, draft) for draft in drafts] if learned else _judged(inputs, drafts)


def safest(
    inputs: PolicyInputs,
    groups: Sequence[Sequence[Draft]],
    coherence: Callable[[Draft], float] | None = None,
    weight: float = 0.0,
) -> list[int]:
    """The candidate of each group that turns unsafe last, or never; then the one of least risk.

    Args:
        inputs: of the policy.
        groups: candidates.
        coherence: of a candidate. Where none of a group turns unsafe, the one of the greatest sum
            of safety and weighted coherence is taken: AURA's rule. None: safety alone.
        weight: of coherence, AURA's lambda.
    """
    flat = iter(unsafe_steps(inputs, [draft for group in groups for draft in group]))
    chosen = []
    for group in groups:
        scores = [_safety(next(flat)) for _ in group]
        if coherence and all(place == float("inf") for place, _ in scores):
            scores = [
                (place, safe + weight * coherence(draft))
                for (place, safe), draft in zip(scores, group, strict=True)
            ]
        chosen.append(max(range(len(group)), key=scores.__getitem__))
    return chosen


def _safety(found: Scored) -> tuple[float, float]:
    return float("inf") if found.place is None else float(found.place), -max(found.risks, default=0.0)


def _judged(inputs: PolicyInputs, drafts: Sequence[Draft]) -> list[Scored]:
    """The judge reads what was written since the edit, up to the end of each sentence.

    An unscored answer is not unsafe. All drafts are asked about at once.
    """
    steps, questions = [], []
    for draft in drafts:
        prompt, text = inputs.prompts[draft.row["prompt_id"]], draft.row["text"]
        given = list(draft.row["token_ids"])[: draft.fixed]
        since = len(inputs.tokenizer.decode(given, skip_special_tokens=True))
        found = [step for step in steps_of(draft) if step.closed and step.end > since]
        steps.append(found)
        questions += [Question("harmful", "reasoning", prompt, text[since : step.end]) for step in found]
    verdicts = iter(inputs.judge.judge(questions))
    return [_scored(found, [float(bool(next(verdicts).value)) for _ in found], 0.5) for found in steps]


def _learned(inputs: PolicyInputs, draft: Draft) -> Scored:
    """The learned scorer reads the base's hidden states, which hold all that came before."""
    steps, places = ended_steps(inputs.tokenizer, draft)
    if not steps:
        return Scored([], [], None)
    risks = inputs.step_scorer.scores(inputs.states.states(draft.row, places))
    return _scored(steps, risks, inputs.step_scorer.threshold)


def _scored(steps: list[Step], risks: list[float], threshold: float) -> Scored:
    return Scored(steps, risks, next((n for n, risk in enumerate(risks) if risk >= threshold), None))
