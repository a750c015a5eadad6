"""Where a reasoning turns unsafe, by the run's judge asked at the end of each sentence."""

from __future__ import annotations

from collections.abc import Sequence

from safe_reasoning.control.controller import Draft
from safe_reasoning.control.inputs import PolicyInputs
from safe_reasoning.control.steps import Step, steps_of
from safe_reasoning.judging.base import Question


def unsafe_steps(inputs: PolicyInputs, drafts: Sequence[Draft]) -> list[tuple[list[Step], int | None]]:
    """Ended sentences of each draft since its last edit, and which of them is the first unsafe one.

    The judge reads what was written since the edit, up to the end of each sentence; an unscored
    answer is not unsafe. All drafts are asked about at once.
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
    flags = [[bool(next(verdicts).value) for _ in found] for found in steps]
    return [
        (found, flag.index(True) if any(flag) else None) for found, flag in zip(steps, flags, strict=True)
    ]


def safest(inputs: PolicyInputs, groups: Sequence[Sequence[Draft]]) -> list[int]:
    """The candidate of each group that turns unsafe last, or never; the first of equals."""
    flat = unsafe_steps(inputs, [draft for group in groups for draft in group])
    late = iter([float("inf") if place is None else float(place) for _, place in flat])
    scores = [[next(late) for _ in group] for group in groups]
    return [max(range(len(group)), key=group.__getitem__) for group in scores]
