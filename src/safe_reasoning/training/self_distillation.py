"""On-policy distillation: the student samples, a frozen teacher says what it would have written.

TRL's trainer of that name is experimental, so everything that depends on it stands here: what it
takes as prompts, and where its teacher comes from. The loss is a divergence of the two next-token
distributions over the whole vocabulary at the sampling temperature, mean over the tokens of each
completion, then over completions: KL(teacher || student) at `distillation_alpha` 0, KL(student ||
teacher) at 1, their Jensen-Shannon mixture between.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from transformers import TrainerState
from trl.experimental.sdft import SDFTConfig, SDFTTrainer
from trl.import_utils import is_vllm_available

from safe_reasoning.config.methods import HARMFUL_ONLY
from safe_reasoning.sampling.chat_template import prompt_ids
from safe_reasoning.training.arguments import lora, training_arguments
from safe_reasoning.training.common import Row, Task, run, tokenizer_of
from safe_reasoning.training.outcomes import label_of
from safe_reasoning.training.prompt_mix import drawn_prompts, prompt_order

TEACHER = "teacher "  # before a prompt's name: the prompt as the teacher sees it


class TokenSDFTTrainer(SDFTTrainer):
    """TRL's self-distillation on our own prompt token ids, with a teacher of any weights."""

    def __init__(self, ids_of_prompt: Mapping[str, Sequence[int]], teacher: Path, **given: Any) -> None:
        """TRL's trainer.

        Args:
            ids_of_prompt: token ids by name, the student's and the teacher's.
            teacher: folder of the teacher's weights.
            given: TRL's arguments.
        """
        self.ids_of_prompt, self._teacher = ids_of_prompt, teacher
        super().__init__(**given)

    def _setup_teacher_model(self) -> None:
        """TRL reads the teacher where the student was read; here it is read from its own folder."""
        model: Any = self.model
        config = model.config
        student, config._name_or_path = config._name_or_path, str(self._teacher)
        try:
            super()._setup_teacher_model()
        finally:
            config._name_or_path = student

    def _tokenize_prompts(self, prompts: list[str]) -> list[list[int]]:
        return [list(self.ids_of_prompt[name]) for name in prompts]


def train_by_distillation(task: Task, prompts: Sequence[Row], teacher: Path | None = None) -> None:
    """Train on prompts (rows of schema prompts) towards a teacher; the start itself by default."""
    trainer = distillation_trainer(task, prompts, teacher)
    batch, examples = task.method.batch_size, len(trainer.ids_of_prompt) // 2

    def counts(state: TrainerState) -> dict[str, Any]:
        """Completions and their tokens, from the log."""
        name = "completions/mean_length"
        lengths = [float(entry[name]) for entry in state.log_history if name in entry]
        generations = state.global_step * batch
        return {
            "examples": examples,
            "prompts": min(examples, generations // task.method.rollouts),
            "generations": generations,
            "generated_tokens": round(sum(lengths) / max(1, len(lengths)) * generations),
        }

    run(trainer, task, trainer.processing_class, counts)


def distillation_trainer(task: Task, prompts: Sequence[Row], teacher: Path | None = None) -> TokenSDFTTrainer:
    """The trainer of `train_by_distillation`."""
    method, config = task.method, task.config
    tokenizer = tokenizer_of(task.base)
    ids = {row["prompt_id"]: prompt_ids(tokenizer, row["text"]) for row in prompts}
    # What the teacher reads before the request
    context = {row["prompt_id"]: method.teacher_context.get(label_of(row), "") for row in prompts}
    for row in prompts:
        text = "\n\n".join(filter(None, [context[row["prompt_id"]], row["text"]]))
        ids[TEACHER + row["prompt_id"]] = prompt_ids(tokenizer, text)
    rows = drawn_prompts(task, prompts, lambda row: len(ids[TEACHER + row["prompt_id"]]) + 1)
    names = prompt_order(task, rows)
    arguments = SDFTConfig(
        **training_arguments(task, len(names) * method.rollouts),
        num_generations=method.rollouts,
        max_prompt_length=None,
        max_completion_length=config.decoding.max_new_tokens,
        temperature=config.decoding.temperature,
        top_p=config.decoding.top_p,
        distillation_mode="full_logits",
        distillation_alpha=method.distillation_alpha,
        teacher_model_kind="base",
        teacher_prompt_template="{privileged_context}{prompt}",
        shuffle_dataset=method.prompts == HARMFUL_ONLY,
        use_vllm=torch.cuda.is_available() and is_vllm_available(),
        vllm_mode="colocate",
        vllm_max_model_length=max(map(len, ids.values())) + config.decoding.max_new_tokens,
        vllm_gpu_memory_utilization=config.engine.grpo_memory_share,
    )
    return TokenSDFTTrainer(
        {name: tokens for name, tokens in ids.items() if name.removeprefix(TEACHER) in rows},
        teacher or task.base,
        model=str(task.base),
        args=arguments,
        train_dataset=Dataset.from_list([{"prompt": name, "privileged_context": TEACHER} for name in names]),
        processing_class=tokenizer,
        peft_config=lora(method),
    )
