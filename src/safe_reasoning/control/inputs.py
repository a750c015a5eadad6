"""What a policy is made from: read or opened when it first asks for it."""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from safe_reasoning.config import Config
from safe_reasoning.control.controller import Draft
from safe_reasoning.control.policy import settings_of
from safe_reasoning.control.step_scorer import StateReader, StepScorer
from safe_reasoning.core.errors import UserError
from safe_reasoning.core.files import read_json
from safe_reasoning.core.records import read_rows
from safe_reasoning.core.trace import token_ends
from safe_reasoning.judging.base import CueDetector, Judge
from safe_reasoning.judging.factory import get_detector, get_judge


@dataclass(frozen=True)
class PolicyInputs:
    """Files and settings behind the policy `name` on one model.

    Attributes:
        config: of the run.
        name: of the policy.
        tokenizer: of the model.
        model_dir: folder of the weights that are sampled from.
        prompts: rows of schema prompts by prompt_id.
        triggers_file: the picked triggers, where the policy needs them.
        rollouts_file: rollouts of the base, likewise.
        scorer_file: the learned step scorer, likewise.
        base_dir: folder of the base, whose hidden states that scorer reads.
    """

    config: Config
    name: str
    tokenizer: Any
    model_dir: Path
    prompts: dict[str, dict[str, Any]]
    triggers_file: Path | None = None
    rollouts_file: Path | None = None
    scorer_file: Path | None = None
    base_dir: Path | None = None

    @cached_property
    def settings(self) -> Any:
        """The kind's settings."""
        return settings_of(self.config, self.name)

    @cached_property
    def detector(self) -> CueDetector:
        """The policy's cue detector."""
        return get_detector(self.settings.detector or self.config.detector, self.config)

    @cached_property
    def judge(self) -> Judge:
        """The run's judge."""
        return get_judge(self.config.evaluate.judge, self.config)

    @cached_property
    def triggers(self) -> list[str]:
        """Texts of the picked triggers, best first."""
        if self.triggers_file is None:
            raise UserError(f"the policy {self.name} needs --triggers: give it")
        return [trigger["text"] for trigger in read_json(self.triggers_file)["triggers"]]

    def trigger(self, draft: Draft) -> str:
        """One of the triggers, drawn for this completion and its number of edits."""
        return random.Random(draft.seed("trigger")).choice(self.triggers)

    @cached_property
    def benign_rollouts(self) -> list[dict[str, Any]]:
        """The base's rollouts of benign alignment prompts (rows of schema generations)."""
        if self.rollouts_file is None:
            raise UserError(f"the policy {self.name} needs --rollouts: give it")
        sets = self.config.sets_of("align_benign")
        return [row for row in read_rows(self.rollouts_file, "generations") if row["prompt_set"] in sets]

    @cached_property
    def step_scorer(self) -> StepScorer:
        """The learned step scorer."""
        if self.scorer_file is None:
            raise UserError(f"the policy {self.name} needs --scorer and --base: give them")
        return StepScorer.load(self.scorer_file)

    @cached_property
    def states(self) -> StateReader:
        """What the learned step scorer reads."""
        return StateReader(self.base_dir or self.model_dir)

    def request_span(self, prompt_id: str, prompt_ids: list[int]) -> range:
        """Places of the request's tokens among the templated ones.

        A chat template that changes the request is a UserError.
        """
        whole = self.tokenizer.decode(prompt_ids, skip_special_tokens=True)
        text = self.prompts[prompt_id]["text"].strip()
        if (start := whole.find(text)) < 0:
            raise UserError(
                f"the request of {prompt_id} is not in the model's prompt as it stands, since the chat "
                f"template changes it: the policy {self.name} can't be used with this model"
            )
        ends = token_ends(self.tokenizer, prompt_ids)
        first = next(place for place, end in enumerate(ends) if end > start)
        last = next(place for place, end in enumerate(ends) if end >= start + len(text))
        return range(first, last + 1)
