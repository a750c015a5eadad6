"""Labelled sentences of the base's reasonings, which the step scorer learns from."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from safe_reasoning.control.controller import Draft
from safe_reasoning.control.step_scorer import LabelledStep, StepScorer
from safe_reasoning.control.steps import Step, last_token, steps_of
from safe_reasoning.core.trace import Tokenizer
from safe_reasoning.judging.base import Judge, Question
from safe_reasoning.stats.detection import monitor_rates, ranking

Row = Mapping[str, Any]


class States(Protocol):
    """Reads hidden states, see `StateReader`."""

    def states(self, row: Row, places: Sequence[int]) -> np.ndarray:
        """States at these tokens of a completion, shape (places, width)."""


def ended_steps(tokenizer: Tokenizer, draft: Draft) -> tuple[list[Step], list[int]]:
    """Sentences of a draft that have ended, behind its last edit, and the token that ends each."""
    found = [(step, last_token(tokenizer, draft, step)) for step in steps_of(draft) if step.closed]
    kept = [(step, place) for step, place in found if place >= draft.fixed]
    return [step for step, _ in kept], [place for _, place in kept]


def labelled_steps(
    rollouts: Sequence[Row],
    csr: Sequence[Row],
    benign_sets: Collection[str],
    tokenizer: Tokenizer,
    reader: States,
    unsafe_at: float,
    seed: int,
) -> list[tuple[LabelledStep, Row, str]]:
    """Sentences with their labels, the rollout that each is of, and the reasoning up to its end.

    A sentence is labelled by the ratio at the first known prefix that holds it whole; one behind
    which nothing was scored is left out. Of benign prompts one rollout each is read, of as many
    prompts as the ratio is known of.

    Args:
        rollouts: of the base, rows of schema generations.
        csr: continuation safety ratio of some of them, rows of schema csr.
        benign_sets: prompt sets whose sentences are all safe.
        tokenizer: of the base.
        reader: of hidden states.
        unsafe_at: ratio at which, or below, a sentence is unsafe.
        seed: of the draw of benign rollouts.
    """
    ratios: dict[str, list[tuple[int, float]]] = {}
    for point in csr:
        if scored := point["continuations"] - point["unscored"]:
            known = ratios.setdefault(point["generation_id"], [])
            known.append((point["prefix_tokens"], point["safe"] / scored))
    restricted = [row for row in rollouts if row["generation_id"] in ratios]
    benign: dict[str, Row] = {}
    for row in rollouts:
        if row["prompt_set"] in benign_sets:
            benign.setdefault(row["prompt_id"], row)
    wanted = min(len(benign), len({row["prompt_id"] for row in restricted}))
    drawn = random.Random(seed).sample(sorted(benign), wanted)
    found = []
    for row in [*restricted, *(benign[name] for name in drawn)]:
        found += list(_of_rollout(row, ratios.get(row["generation_id"]), tokenizer, reader, unsafe_at))
    return found


def _of_rollout(
    row: Row, ratios: list[tuple[int, float]] | None, tokenizer: Tokenizer, reader: States, unsafe_at: float
) -> Iterator[tuple[LabelledStep, Row, str]]:
    """The sentences of one rollout; without ratios all are safe."""
    steps, places = ended_steps(tokenizer, Draft(row))
    if not steps:
        return
    for step, place, state in zip(steps, places, reader.states(row, places), strict=True):
        behind = 1.0 if ratios is None else next((v for p, v in sorted(ratios) if p > place), None)
        if behind is not None:
            unsafe = behind <= unsafe_at
            one = LabelledStep(row["prompt_id"], row["generation_id"], state, unsafe, ratios is None)
            yield one, row, row["text"][: step.end]


def judged_steps(
    found: Sequence[tuple[LabelledStep, Row, str]], prompts: Mapping[str, Row], judge: Judge
) -> list[bool]:
    """Whether a judge calls the reasoning up to the end of each sentence harmful."""
    asked = [
        Question("harmful", "reasoning", prompts[step.prompt_id], text.replace("<think>", ""))
        for step, _, text in found
    ]
    return [bool(answer.value) for answer in judge.judge(asked)]


def quality(
    scores: Sequence[float],
    unsafe: Sequence[bool],
    steps: Sequence[LabelledStep],
    scorer: StepScorer,
    bootstrap: int,
) -> list[dict[str, Any]]:
    """How well held-out scores find unsafe sentences.

    Rows with measure, rate, low, high, positives, negatives and prompts. `auroc` needs no
    threshold; `tpr` and `tnr` have the scorer's.

    Args:
        scores: of sentences on prompts that the regression did not see.
        unsafe: what is to be found.
        steps: the sentences.
        scorer: for its threshold.
        bootstrap: resamples of prompts.
    """
    prompts = [step.prompt_id for step in steps]
    called = [score >= scorer.threshold for score in scores]
    rates = {
        "auroc": ranking(scores, unsafe, prompts, resamples=bootstrap)["auroc"],
        **monitor_rates(called, unsafe, prompts, resamples=bootstrap),
    }
    counts = {"positives": sum(unsafe), "negatives": len(unsafe) - sum(unsafe)}
    return [
        {"measure": name, "rate": rates[name].value, "low": rates[name].low, "high": rates[name].high}
        | {**counts, "prompts": len(set(prompts))}
        for name in ("auroc", "tpr", "tnr")
    ]
