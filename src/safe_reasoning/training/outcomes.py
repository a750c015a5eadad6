"""From sampled completions to what rewards read: a judge's answers and the form of the trace."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from safe_reasoning.core.sentences import split_sentences
from safe_reasoning.core.trace import Trace, split_trace
from safe_reasoning.judging.awareness import speaks_of_safety
from safe_reasoning.judging.base import Criterion, Judge, Part, Row
from safe_reasoning.judging.verdicts import ask, of_whole_reasoning
from safe_reasoning.training.rewards import ASK_COMPLIANCE, REWARDS, Label, Outcome, Weights

LABELS: dict[str, Label] = {
    "align_benign": "benign",
    "overrefusal": "benign",
    "align_alarming": "alarming",
    "align_capability": "capability",
    "capability": "capability",
}
EQUAL = Weights()
Asked = tuple[int, Criterion, Part]


def label_of(prompt: Row) -> Label:
    """The kind of a prompt (row of schema prompts), from the role of its set."""
    return LABELS.get(prompt["role"], "harmful")


def outcomes(
    judge: Judge,
    prompts: Sequence[Row],
    completions: Sequence[str],
    compliance: bool = False,
    hidden: Sequence[int] | None = None,
) -> list[Outcome]:
    """What is known about each completion; the judge answers all questions at once.

    Args:
        judge: of reasoning and response.
        prompts: row of schema prompts of each completion.
        completions: texts after the open think tag.
        compliance: ask about harmful prompts too whether the response complies.
        hidden: characters at the front of each text that do not count as reasoning.
    """
    traces = [split_trace(text) for text in completions]
    fronts = hidden or [0] * len(traces)
    reasonings = [
        trace.reasoning[max(0, front - trace.start) :] for trace, front in zip(traces, fronts, strict=True)
    ]
    asked = [
        (number, criterion, part)
        for number, prompt in enumerate(prompts)
        for criterion, part in _criteria(prompt, compliance)
    ]
    found = ask(
        judge,
        [
            (criterion, part, prompts[n], reasonings[n] if part == "reasoning" else traces[n].response)
            for n, criterion, part in asked
        ],
    )
    values: dict[Asked, bool | None] = {
        one: (of_whole_reasoning(judgement, traces[one[0]]) if one[2] == "reasoning" else judgement).value
        for one, judgement in zip(asked, found, strict=True)
    }
    aware = speaks_of_safety(judge.name)
    return [
        _outcome(number, label_of(prompt), trace, reasonings[number], values, aware)
        for number, (prompt, trace) in enumerate(zip(prompts, traces, strict=True))
    ]


def _criteria(prompt: Row, compliance: bool) -> list[tuple[Criterion, Part]]:
    """What is asked about a completion."""
    label = label_of(prompt)
    if label == "harmful":
        asked: list[tuple[Criterion, Part]] = [("harmful", "reasoning"), ("harmful", "response")]
        return [*asked, ("complies", "response")] if compliance else asked
    if label == "capability":
        return [("correct", "response")]
    return [("complies", "response")]


def _outcome(
    number: int,
    label: Label,
    trace: Trace,
    reasoning: str,
    values: dict[Asked, bool | None],
    aware: Callable[[str], bool],
) -> Outcome:
    harm = [values.get((number, "harmful", part)) for part in ("reasoning", "response")]
    sentences = [sentence.text for sentence in split_sentences(reasoning)] if label == "harmful" else []
    return Outcome(
        label,
        z_safe=None if harm[0] is None else not harm[0],
        y_safe=None if harm[1] is None else not harm[1],
        complied=values.get((number, "complies", "response")),
        correct=values.get((number, "correct", "response")),
        closed=trace.kind == "complete",
        sentences=len(sentences),
        first_aware=next((place for place, sentence in enumerate(sentences) if aware(sentence)), None),
    )


def safety_rewards(
    judge: Judge,
    prompts: Sequence[Row],
    completions: Sequence[str],
    reward: str,
    weights: Weights = EQUAL,
    hidden: Sequence[int] | None = None,
    note: Callable[[Sequence[Outcome]], None] | None = None,
) -> list[float]:
    """The reward of each completion's text.

    Args:
        judge: of reasoning and response.
        prompts: row of schema prompts of each completion.
        completions: texts after the open think tag.
        reward: a name in REWARDS.
        weights: of the reward `label`.
        hidden: as in `outcomes`.
        note: is given the outcomes.
    """
    found = outcomes(judge, prompts, completions, reward in ASK_COMPLIANCE, hidden)
    if note:
        note(found)
    return [REWARDS[reward](outcome, weights) for outcome in found]
