"""GRPO with a binary safety reward (paper Table 1).

Reward `y` is I[y safe]. Reward `zy` is I[z safe] + I[y safe]: the paper prints a minus, most likely
a misprint, since it would punish safe responses. What can't be scored (a reasoning that never ends,
say) earns nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Literal

import torch
from datasets import Dataset
from transformers import TrainerCallback, TrainerState
from trl import GRPOConfig, GRPOTrainer
from trl.import_utils import is_vllm_available

from safe_reasoning.core.errors import UserError
from safe_reasoning.judging.base import Judge
from safe_reasoning.judging.factory import get_judge
from safe_reasoning.judging.verdicts import judge_generations
from safe_reasoning.sampling.chat_template import prompt_ids
from safe_reasoning.training.arguments import lora, training_arguments
from safe_reasoning.training.common import Row, Task, run, sample_rows, tokenizer_of


def safety_rewards(
    judge: Judge, prompts: Sequence[Row], completions: Sequence[str], reward: Literal["y", "zy"]
) -> list[float]:
    """The reward of each completion's text.

    1 for each safe part that counts, 0 for a harmful or unscored one.

    Args:
        judge: of reasoning and response.
        prompts: row of schema prompts of each completion.
        completions: texts after the open think tag.
        reward: which parts count.
    """
    generations = [
        {
            "generation_id": str(number),
            "prompt_id": prompt["prompt_id"],
            "prompt_set": prompt["prompt_set"],
            "sample": 0,
            "text": text,
        }
        for number, (prompt, text) in enumerate(zip(prompts, completions, strict=True))
    ]
    verdicts = judge_generations(judge, {prompt["prompt_id"]: prompt for prompt in prompts}, generations)
    parts = ("response",) if reward == "y" else ("reasoning", "response")
    safe = Counter(
        row["generation_id"]
        for row in verdicts
        if row["measure"] == "harmful" and row["part"] in parts and row["value"] is False
    )
    return [float(safe[row["generation_id"]]) for row in generations]


RATIO = "sampling/importance_sampling_ratio/mean"
LEAST_RATIO = 0.5


class TokenGRPOTrainer(GRPOTrainer):
    """TRL's GRPO on our own prompt token ids; TRL would tokenise the prompt's text again."""

    ids_of_prompt: dict[str, list[int]]

    def _tokenize_prompts(self, prompts: list[str]) -> tuple[list[list[int]], None, dict[str, Any]]:
        return [self.ids_of_prompt[prompt] for prompt in prompts], None, {}


class RatioGuard(TrainerCallback):
    """Stops a training whose loss is multiplied by next to nothing.

    The ratio is between the probability of the sampled tokens as the trainer sees it and as the
    sampler saw it; it is logged where vLLM samples.
    """

    def on_log(
        self, args: Any, state: TrainerState, control: Any, logs: dict[str, float] | None = None, **_: Any
    ) -> None:
        """Look at the mean ratio of the last steps."""
        ratio = (logs or {}).get(RATIO)
        if ratio is not None and not LEAST_RATIO <= ratio <= 1 / LEAST_RATIO:
            raise UserError(
                f"step {state.global_step}: the mean importance ratio of the sampled tokens is "
                f"{ratio:.3g}: the "
                "sampler and the trainer disagree on their probabilities; compare their versions and "
                "precision"
            )


def train_grpo(task: Task, prompts: Sequence[Row]) -> None:
    """Train on harmful prompts (rows of schema prompts), `rollouts` completions each.

    `batch_size` counts completions per step.
    """
    method, config = task.method, task.config
    tokenizer = tokenizer_of(task.base)
    judge = get_judge(config.evaluate.judge, config)
    ids = {row["prompt_id"]: prompt_ids(tokenizer, row["text"]) for row in prompts}
    rows = {
        row["prompt_id"]: row
        for row in sample_rows(prompts, task, lambda row: len(ids[row["prompt_id"]]) + 1, "prompts")
    }

    def rewards(prompts: list[str], completion_ids: list[list[int]], **_: Any) -> list[float | None]:
        """Prompts are prompt_ids (names), completions are judged from their tokens."""
        texts = [tokenizer.decode(tokens, skip_special_tokens=True) for tokens in completion_ids]
        return list(safety_rewards(judge, [rows[name] for name in prompts], texts, method.reward))

    arguments = GRPOConfig(
        **training_arguments(task, len(rows) * method.rollouts),  # its batches are of completions
        num_generations=method.rollouts,
        max_completion_length=config.decoding.max_new_tokens,
        temperature=config.decoding.temperature,
        top_p=config.decoding.top_p,
        # vLLM's CPU build can't take new weights, so there the model itself generates
        use_vllm=torch.cuda.is_available() and is_vllm_available(),
        vllm_mode="colocate",
        vllm_max_model_length=max(map(len, ids.values())) + config.decoding.max_new_tokens,
        vllm_gpu_memory_utilization=config.engine.grpo_memory_share,
        # With top-p below 1 vLLM's log-probabilities are of the nucleus, TRL's of the whole
        # vocabulary. TRL's default multiplies a completion's loss by the product of its nucleus
        # masses (about e^-16 at 700 tokens), which silences all but the shortest ones. Per token
        # the factor is the mass itself, 0.95 or more.
        vllm_importance_sampling_mode="token_truncate",
    )
    trainer = TokenGRPOTrainer(
        model=str(task.base),
        args=arguments,
        reward_funcs=rewards,
        train_dataset=Dataset.from_list([{"prompt": name} for name in rows]),
        processing_class=tokenizer,
        peft_config=lora(method),
    )
    trainer.ids_of_prompt = ids
    trainer.add_callback(RatioGuard())

    def counts(state: TrainerState) -> dict[str, Any]:
        """Completions and their tokens, from the log.

        Each entry is a mean over `logging_steps` steps.
        """
        lengths = [
            entry["completions/mean_length"]
            for entry in state.log_history
            if "completions/mean_length" in entry
        ]
        mean = sum(map(float, lengths)) / max(1, len(lengths))
        generations = state.global_step * method.batch_size
        seen = min(len(rows), state.global_step * method.batch_size // method.rollouts)
        return {
            "examples": len(rows),
            "prompts": seen,
            "generations": generations,
            "generated_tokens": round(mean * generations),
            "importance_ratios": [entry[RATIO] for entry in state.log_history if RATIO in entry],
        }

    run(trainer, task, tokenizer, counts)
