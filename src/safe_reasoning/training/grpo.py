"""GRPO with rewards from verdicts (paper Table 1), on prompts of one kind or several.

TRL's defaults are kept: `loss_type` dapo, a mean over the tokens of a step, without a KL term and
with a symmetric clip. The rewards are in `rewards.py`, what they read of a completion in
`outcomes.py`, the beginnings that prompts may be given in `beginnings.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from datasets import Dataset
from transformers import TrainerState
from trl import GRPOConfig
from trl.import_utils import is_vllm_available

from safe_reasoning.config.methods import HARMFUL_ONLY, Method
from safe_reasoning.core.errors import UserError
from safe_reasoning.judging.factory import get_detector, get_judge
from safe_reasoning.judging.scorers.score import has_scorer
from safe_reasoning.sampling.chat_template import prompt_ids
from safe_reasoning.training.arguments import lora, training_arguments
from safe_reasoning.training.beginnings import Beginnings, unsafe_states
from safe_reasoning.training.common import Row, Task, run, tokenizer_of
from safe_reasoning.training.grpo_trainer import RATIO, RatioGuard, TokenGRPOTrainer
from safe_reasoning.training.outcomes import label_of, safety_rewards
from safe_reasoning.training.prompt_mix import drawn_prompts, prompt_order
from safe_reasoning.training.rewards import Outcome, Weights

__all__ = ["RATIO", "RatioGuard", "TokenGRPOTrainer", "safety_rewards", "train_grpo"]


def train_grpo(task: Task, prompts: Sequence[Row], prefixes: Sequence[Row] = ()) -> None:
    """Train on prompts (rows of schema prompts), `rollouts` completions each.

    `batch_size` counts completions per step. `prefixes` (rows of the schema of that name) are the
    beginnings that some prompts are given.
    """
    trainer = grpo_trainer(task, prompts, prefixes)
    run(trainer, task, trainer.processing_class, lambda state: _counts(task.method, trainer, state))


def grpo_trainer(task: Task, prompts: Sequence[Row], prefixes: Sequence[Row] = ()) -> TokenGRPOTrainer:
    """The trainer of `train_grpo`."""
    method, config = task.method, task.config
    tokenizer = tokenizer_of(task.base)
    ids = {row["prompt_id"]: prompt_ids(tokenizer, row["text"]) for row in prompts}
    beginning = method.prefill.tokens if method.prefill and method.prefill.source != "none" else 0
    rows = drawn_prompts(task, prompts, lambda row: len(ids[row["prompt_id"]]) + beginning + 1)
    if any(label_of(row) == "capability" and has_scorer(row["gold"]) for row in rows.values()):
        raise UserError(
            f"methods.{task.name}.prompts: the environment of GRPO has no scorer for capability prompts: "
            "leave them out, or take a set whose answers the judge knows"
        )
    names = prompt_order(task, rows)
    arguments = GRPOConfig(
        **training_arguments(task, len(names) * method.rollouts),  # its batches are of completions
        num_generations=method.rollouts,
        max_completion_length=config.decoding.max_new_tokens,
        temperature=config.decoding.temperature,
        top_p=config.decoding.top_p,
        loss_type=method.loss_type,
        beta=method.kl_beta,
        epsilon_high=method.epsilon_high,
        shuffle_dataset=method.prompts == HARMFUL_ONLY,  # several kinds come in an order of our own
        # vLLM's CPU build can't take new weights, so there the model itself generates
        use_vllm=torch.cuda.is_available() and is_vllm_available(),
        vllm_mode="colocate",
        vllm_max_model_length=max(map(len, ids.values())) + beginning + config.decoding.max_new_tokens,
        vllm_gpu_memory_utilization=config.engine.grpo_memory_share,
        # With top-p below 1 vLLM's log-probabilities are of the nucleus, TRL's of the whole
        # vocabulary. TRL's default multiplies a completion's loss by the product of its nucleus
        # masses (about e^-16 at 700 tokens), which silences all but the shortest ones. Per token
        # the factor is the mass itself, 0.95 or more.
        vllm_importance_sampling_mode="token_truncate",
    )
    rewards = _Rewards(task, tokenizer, rows)
    trainer = TokenGRPOTrainer(
        model=str(task.base),
        args=arguments,
        reward_funcs=rewards.of,
        train_dataset=Dataset.from_list([{"prompt": name} for name in names]),
        processing_class=tokenizer,
        peft_config=lora(method),
    )
    trainer.ids_of_prompt = {name: ids[name] for name in rows}
    if beginning and method.prefill:
        labels = {name: label_of(row) for name, row in rows.items()}
        trainer.beginnings = Beginnings(method.prefill, labels, prefixes, method.rollouts, task.seed)
    rewards.trainer = trainer
    trainer.add_callback(RatioGuard())
    return trainer


class _Rewards:
    """The rewards of a step's completions, and the states that unsafe ones leave behind."""

    trainer: TokenGRPOTrainer

    def __init__(self, task: Task, tokenizer: Any, rows: dict[str, Row]) -> None:
        self._method, self._tokenizer, self._rows = task.method, tokenizer, rows
        config = task.config.model_copy(update={"engine": task.config.engine.inside_training()})
        self._judge = get_judge(config.evaluate.judge, config)
        self._own = task.method.prefill and task.method.prefill.source == "own"
        self._detector = get_detector(task.method.detector, config) if self._own else None

    def of(self, prompts: list[str], completion_ids: list[list[int]], **_: Any) -> list[float | None]:
        """Prompts are prompt_ids (names), completions are judged from their tokens.

        What is judged is a beginning and what followed, unless the method hides beginnings.
        """
        given = self.trainer.given
        texts = [
            self._text([*one.prefix, *tokens]) for one, tokens in zip(given, completion_ids, strict=True)
        ]
        settings = self._method.prefill
        hides = settings is not None and not settings.judge_prefix
        return list(
            safety_rewards(
                self._judge,
                [self._rows[one.prompt_id] for one in given],
                texts,
                self._method.reward,
                Weights(self._method.format_reward, self._method.answer_reward),
                [len(self._text(list(one.prefix))) for one in given] if hides else None,
                self._keep(completion_ids) if self._own else None,
            )
        )

    def _text(self, tokens: list[int]) -> str:
        return str(self._tokenizer.decode(tokens, skip_special_tokens=True))

    def _keep(self, completion_ids: list[list[int]]) -> Callable[[Sequence[Outcome]], None]:
        """What keeps the unsafe completions' states, once their outcomes are known."""

        def keep(found: Sequence[Outcome]) -> None:
            trainer, settings = self.trainer, self._method.prefill
            if settings and trainer.beginnings and self._detector:
                states = unsafe_states(
                    settings, self._tokenizer, self._detector, trainer.given, completion_ids, found
                )
                trainer.beginnings.take_back(states, trainer.accelerator.process_index)

        return keep


def _counts(method: Method, trainer: TokenGRPOTrainer, state: TrainerState) -> dict[str, Any]:
    """Completions and their tokens, from the log.

    Each entry is a mean over `logging_steps` steps.
    """
    lengths = [
        entry["completions/mean_length"] for entry in state.log_history if "completions/mean_length" in entry
    ]
    mean = sum(map(float, lengths)) / max(1, len(lengths))
    generations = state.global_step * method.batch_size
    examples = len(trainer.ids_of_prompt)
    return {
        "examples": examples,
        "prompts": min(examples, state.global_step * method.batch_size // method.rollouts),
        "generations": generations,
        "generated_tokens": round(mean * generations),
        "importance_ratios": [entry[RATIO] for entry in state.log_history if RATIO in entry],
        **(trainer.beginnings.counts() if trainer.beginnings else {}),
    }
