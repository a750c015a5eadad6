"""How coherent a continuation is: the second score of AURA's step search (arXiv 2508.06124).

AURA's process reward model has a slot for it, learned from labels that were not found. Both forms
here are ours, and both lie between 0 and 1. `exact`, in the nano world: the share of its sentences,
and of its end, that the corpus' grammar allows where they stand. `likelihood`: the geometric mean
of its tokens' probabilities under the model that writes it.
"""

from __future__ import annotations

import math
from functools import cached_property
from typing import Any

from safe_reasoning.control.controller import Draft
from safe_reasoning.control.inputs import PolicyInputs
from safe_reasoning.control.steps import last_token, steps_of
from safe_reasoning.core.trace import CLOSE_TAG, reasoning_tokens, split_trace
from safe_reasoning.prompts.nano_world.grammar import fits


class Coherence:
    """Scores what was written since a draft's last edit; 0 where nothing was."""

    def __init__(self, inputs: PolicyInputs) -> None:
        self.inputs = inputs

    def __call__(self, draft: Draft) -> float:
        return self._exact(draft) if self.inputs.settings.coherence == "exact" else self._likelihood(draft)

    def _exact(self, draft: Draft) -> float:
        steps = [step for step in steps_of(draft) if step.closed]
        said, ended = [step.text for step in steps], split_trace(draft.row["text"]).kind != "no_think_end"
        found = fits(self.inputs.prompts[draft.row["prompt_id"]], [*said, *[CLOSE_TAG] * ended])
        since = sum(last_token(self.inputs.tokenizer, draft, step) < draft.fixed for step in steps)
        return sum(found[since:]) / max(1, len(found) - since)

    def _likelihood(self, draft: Draft) -> float:
        from safe_reasoning.evaluation.likelihood import token_log_probabilities

        ids = list(draft.row["token_ids"])
        ids = ids[: reasoning_tokens(self.inputs.tokenizer, ids)]
        if len(ids) <= draft.fixed:
            return 0.0
        log_p = token_log_probabilities(self._model, draft.row["prompt_token_ids"], ids)
        return math.exp(float(log_p[draft.fixed :].mean()))

    @cached_property
    def _model(self) -> Any:
        from safe_reasoning.evaluation.kl import load_weights

        return load_weights(self.inputs.model_dir)
