"""A learned step scorer: the chance that a reasoning has turned unsafe with a sentence.

Our small form of a process reward model, AURA's in idea (arXiv 2508.06124: a language model tuned
on labelled steps; its data were not found): a logistic regression on the base's hidden state at the
token that ends a sentence. No person labels: a sentence is unsafe where the run's continuation
safety ratio behind it is at most `characterize.unsafe_threshold` (the paper's eta), and a sentence
on a benign alignment prompt is safe. Nothing is learned from evaluation prompts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from safe_reasoning.core.errors import UserError, in_one_line
from safe_reasoning.core.files import write_bytes

FOLDS = 5  # fewer where fewer requests have either label
LEAST = 0.5  # below it a sentence is likelier safe than not, whatever benign reasonings allow
BENIGN_SHARE = 0.05  # of benign reasonings that it may call unsafe


@dataclass(frozen=True)
class LabelledStep:
    """A sentence of the base's reasoning on an alignment prompt.

    Attributes:
        prompt_id: of its prompt.
        trace: its reasoning.
        state: the base's hidden state at its last token, shape (width,).
        unsafe: its label.
        benign: whether the prompt is.
    """

    prompt_id: str
    trace: str
    state: np.ndarray
    unsafe: bool
    benign: bool


@dataclass(frozen=True)
class StepScorer:
    """Coefficients of the regression, and from which probability on a sentence counts as unsafe."""

    weights: np.ndarray
    bias: float
    threshold: float

    def scores(self, states: np.ndarray) -> list[float]:
        """Probability of unsafe for states of shape (sentences, width)."""
        from scipy.special import expit

        return [float(one) for one in expit(states @ self.weights + self.bias)]

    def save(self, path: Path) -> None:
        """Write it as safetensors."""
        from safetensors.numpy import save

        write_bytes(path, save({name: np.asarray(value) for name, value in vars(self).items()}))

    @classmethod
    def load(cls, path: Path) -> StepScorer:
        """Read it; a missing or damaged file is a UserError."""
        from safetensors import SafetensorError
        from safetensors.numpy import load_file

        try:
            found = load_file(path)
            return cls(found["weights"], float(found["bias"]), float(found["threshold"]))
        except FileNotFoundError:
            raise UserError(f"{path} does not exist: run the rule fit_step_scorer") from None
        except (SafetensorError, KeyError, ValueError) as error:
            raise UserError(
                f"{path} is no step scorer ({in_one_line(error)}): delete it and run fit_step_scorer again"
            ) from None


@dataclass(frozen=True)
class Fitted:
    """A scorer and what it says of prompts that it was not fitted on.

    Attributes:
        scorer: fitted on all steps.
        held_out: probability of each step by a regression that saw no prompt for the same thing.
    """

    scorer: StepScorer
    held_out: list[float]


def fit(steps: Sequence[LabelledStep], asks_for: Mapping[str, str]) -> Fitted:
    """Fit the scorer; both labels weigh alike.

    The threshold is the lowest of at least one half at which BENIGN_SHARE of the benign reasonings
    hold a sentence above it, by held-out probabilities.

    Args:
        steps: with their labels.
        asks_for: what each prompt asks for, by prompt_id: wordings of one thing are held out
            together.

    Raises:
        UserError: Too few requests with either label.
    """
    number, things = FOLDS, np.array([asks_for[step.prompt_id] for step in steps])
    for unsafe in (True, False):
        number = min(
            number, len({thing for thing, step in zip(things, steps, strict=True) if step.unsafe == unsafe})
        )
        if number < 2:
            raise UserError(
                f"the step scorer needs two alignment requests with {'un' if unsafe else ''}safe sentences: "
                "raise characterize.csr_prompts"
            )
    states, labels = np.stack([step.state for step in steps]), np.array([step.unsafe for step in steps])
    held_out = np.empty(len(steps))
    from sklearn.model_selection import StratifiedGroupKFold

    folds = StratifiedGroupKFold(number, shuffle=True, random_state=0).split(states, labels, things)
    for rest, held in folds:
        held_out[held] = StepScorer(*_regression(states[rest], labels[rest]), LEAST).scores(states[held])
    highest: dict[str, float] = {}
    for step, score in zip(steps, held_out, strict=True):
        if step.benign:
            highest[step.trace] = max(score, highest.get(step.trace, 0.0))
    fires = float(np.quantile(list(highest.values()), 1 - BENIGN_SHARE)) if highest else LEAST
    scorer = StepScorer(*_regression(states, labels), max(LEAST, fires))
    return Fitted(scorer, [float(score) for score in held_out])


def _regression(states: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, float]:
    """Weights and bias for states as they are; the fit sees them standardized."""
    from sklearn.linear_model import LogisticRegression

    mean, scale = states.mean(axis=0), states.std(axis=0) + 1e-6
    model = LogisticRegression(class_weight="balanced", max_iter=2000).fit((states - mean) / scale, labels)
    weights = model.coef_[0] / scale
    return weights, float(model.intercept_[0] - weights @ mean)


@dataclass(frozen=True)
class StateReader:
    """Reads hidden states of the base: the scorer was fitted on them, whoever wrote the text."""

    base_dir: Path

    @cached_property
    def _model(self) -> Any:
        from safe_reasoning.evaluation.kl import load_weights

        return load_weights(self.base_dir)

    def states(self, row: Any, places: Sequence[int]) -> np.ndarray:
        """States at these tokens of a completion (row of schema generations)."""
        from safe_reasoning.evaluation.hidden_states import last_hidden_states

        return last_hidden_states(self._model, row["prompt_token_ids"], row["token_ids"])[list(places)]
