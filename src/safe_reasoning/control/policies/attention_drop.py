"""A trigger where the reasoning turns away from the request, by the model's own attention.

Our reading of ReasoningGuard (arXiv 2508.04204): its attention says at which points harm is about
to enter, a reflection is put there, several continuations are sampled and one is kept. Heads,
layers, score, threshold, reflection and selection were not found. Here: the focus of a sentence is
the mean attention of its tokens to the request (`evaluation.attention`); it fires at the first
sentence from the second on whose focus, divided by the mean focus of those before it, falls below
the threshold (or rises above it). By default the threshold is the one that fires on a set share of
the base's reasonings on benign alignment prompts. Kept is the continuation that turns unsafe last.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, Literal

import numpy as np
from pydantic import Field

from safe_reasoning.config.policies import PolicySettings
from safe_reasoning.config.section import Share
from safe_reasoning.control.controller import Draft, Edit, OnePath
from safe_reasoning.control.inputs import PolicyInputs
from safe_reasoning.control.policy import Kind
from safe_reasoning.control.step_safety import safest
from safe_reasoning.control.steps import Step, edit_behind, last_token, steps_of
from safe_reasoning.core.errors import UserError

Row = Mapping[str, Any]


class Settings(PolicySettings):
    """Where the trigger is put, and how many continuations are tried."""

    when: Literal["fall", "rise"] = Field("fall", description="of the focus, against those before it")
    threshold: float | None = Field(
        None, gt=0, description="ratio of focus; by default fitted on benign alignment prompts"
    )
    benign_share: Share = Field(0.05, description="share of benign reasonings on which it fires, fitted")
    text: str | None = Field(None, min_length=1, description="by default a picked trigger, drawn")
    rounds: int = Field(1, ge=0, description="times, at most")
    candidates: int = Field(1, ge=1, description="continuations, of which the safest by the judge is kept")


def _needs(settings: Settings) -> tuple[Any, ...]:
    return (
        "weights",
        *(("triggers",) if settings.text is None else ()),
        *(("rollouts",) if settings.threshold is None else ()),
        *(("judge",) if settings.candidates > 1 else ()),
    )


KIND = Kind(
    settings=Settings,
    needs=_needs,
    rounds=lambda settings: settings.rounds,
    candidates=lambda settings: settings.candidates,
)


def ratios(focus: np.ndarray, ends: Sequence[int]) -> list[float]:
    """Focus of each sentence from the second on, divided by the mean of those before it.

    Args:
        focus: of each token.
        ends: index of the last token of each sentence.
    """
    starts = [0, *(end + 1 for end in ends[:-1])]
    means = [float(focus[start : end + 1].mean()) for start, end in zip(starts, ends, strict=True)]
    return [means[i] / float(np.mean(means[:i])) for i in range(1, len(means))]


class AttentionDrop(OnePath):
    """The policy: see `controller.Policy`."""

    def __init__(self, inputs: PolicyInputs) -> None:
        self.inputs = inputs
        self.rounds: int = inputs.settings.rounds
        self.candidates: int = inputs.settings.candidates

    def first_edits(self, drafts: Sequence[Draft]) -> list[Edit | None]:
        return [self._edit(draft) for draft in drafts]

    def best(self, groups: Sequence[Sequence[Draft]]) -> list[int]:
        return safest(self.inputs, groups)

    def _edit(self, draft: Draft) -> Edit | None:
        settings, tokenizer = self.inputs.settings, self.inputs.tokenizer
        for step, end, ratio in self._ratios(draft):
            if end < draft.fixed:  # read before, or inserted
                continue
            fires = ratio < self._threshold if settings.when == "fall" else ratio > self._threshold
            if fires and step.closed:
                text = settings.text or self.inputs.trigger(draft)
                edit = edit_behind(tokenizer, draft, step, text, f"focus {ratio:.2f}")
                if edit is not None:
                    return edit
        return None

    def _ratios(self, draft: Draft) -> list[tuple[Step, int, float]]:
        """Sentences from the second on, the token that ends each, and its ratio."""
        steps = steps_of(draft)
        if len(steps) < 2:
            return []
        ends = [last_token(self.inputs.tokenizer, draft, step) for step in steps]
        return list(zip(steps[1:], ends[1:], ratios(self._focus(draft.row), ends), strict=True))

    @cached_property
    def _threshold(self) -> float:
        settings = self.inputs.settings
        if settings.threshold is not None:
            return float(settings.threshold)
        falls, share = settings.when == "fall", settings.benign_share
        found = [[ratio for _, _, ratio in self._ratios(Draft(row))] for row in self.inputs.benign_rollouts]
        extremes = [min(each) if falls else max(each) for each in found if each]
        if not extremes:
            raise UserError(
                f"the policy {self.inputs.name} has no benign reasoning of two sentences to fit its "
                "threshold on: give `threshold`, or more prompts of role align_benign"
            )
        return float(np.quantile(extremes, share if falls else 1 - share))

    @cached_property
    def _model(self) -> Any:
        from safe_reasoning.evaluation.attention import load_with_attention

        return load_with_attention(self.inputs.model_dir)

    def _focus(self, row: Row) -> np.ndarray:
        from safe_reasoning.evaluation.attention import request_focus

        prompt = list(row["prompt_token_ids"])
        span = self.inputs.request_span(row["prompt_id"], prompt)
        return request_focus(self._model, prompt, list(row["token_ids"]), span)


def open_policy(inputs: PolicyInputs) -> AttentionDrop:
    """The policy with its settings."""
    return AttentionDrop(inputs)
