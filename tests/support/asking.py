"""One question to a judge or cue detector, which answer in batches."""

from collections.abc import Mapping, Sequence
from typing import Any

from safe_reasoning.judging.base import CueDetector, Judge, Judgement, Question
from safe_reasoning.judging.verdicts import judge_generations


def ask(judge: Judge, criterion: str, part: str, prompt: Mapping[str, Any], text: str) -> Judgement:
    (found,) = judge.judge([Question(criterion, part, prompt, text)])  # type: ignore[arg-type]
    return found


def reasoning_harmful(judge: Judge, prompt: Mapping[str, Any], text: str) -> bool | None:
    return ask(judge, "harmful", "reasoning", prompt, text).value


def response_harmful(judge: Judge, prompt: Mapping[str, Any], text: str) -> bool | None:
    return ask(judge, "harmful", "response", prompt, text).value


def complies(judge: Judge, prompt: Mapping[str, Any], text: str) -> bool | None:
    return ask(judge, "complies", "response", prompt, text).value


def correct(judge: Judge, prompt: Mapping[str, Any], text: str) -> bool | None:
    return ask(judge, "correct", "response", prompt, text).value


def verdicts_on(
    judge: Judge, prompt: Mapping[str, Any], *generations: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Verdict rows of generations on one prompt."""
    return judge_generations(judge, {prompt["prompt_id"]: prompt}, generations)


def first_cue(detector: CueDetector, sentences: Sequence[str]) -> int | None:
    (found,) = detector.first_cues([sentences])
    return found.index


# A prompt with an attack around its request.
ATTACKED = {
    "prompt_id": "p",
    "prompt_set": "s",
    "role": "safety",
    "category": "",
    "text": "an attack around it",
    "request": "the plain request",
    "gold": "",
}
