"""TRL's GRPO on our own token ids, and a guard against a loss that is multiplied by nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from transformers import TrainerCallback, TrainerState
from trl import GRPOTrainer

from safe_reasoning.core.errors import UserError
from safe_reasoning.training.beginnings import Beginnings
from safe_reasoning.training.reset_buffer import Given

RATIO = "sampling/importance_sampling_ratio/mean"
LEAST_RATIO = 0.5


class TokenGRPOTrainer(GRPOTrainer):
    """TRL's GRPO on our own prompt token ids; TRL would tokenise the prompt's text again.

    Attributes:
        ids_of_prompt: token ids by prompt_id, which stands for the prompt in TRL's rows.
        beginnings: hands out beginnings of the reasoning; None without any.
        given: what each completion of the step went on from, in the order of the reward's
            completions.
    """

    ids_of_prompt: dict[str, list[int]]
    beginnings: Beginnings | None = None
    given: list[Given]

    def _tokenize_prompts(self, prompts: list[str]) -> tuple[list[list[int]], None, dict[str, Any]]:
        self.given = (
            self.beginnings.hand_out(prompts, self.state.global_step, self.accelerator.process_index)
            if self.beginnings
            else [Given(prompt) for prompt in prompts]
        )
        return [[*self.ids_of_prompt[one.prompt_id], *one.prefix] for one in self.given], None, {}

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        """TRL's, with the buffer first: the trainer's state comes last and makes it whole."""
        if self.beginnings and self.accelerator.is_main_process:
            self.beginnings.save(Path(self._get_output_dir(trial)) / f"checkpoint-{self.state.global_step}")
        super()._save_checkpoint(model, trial)

    def _load_optimizer_and_scheduler(self, checkpoint: str | None) -> None:
        super()._load_optimizer_and_scheduler(checkpoint)
        if self.beginnings and checkpoint:
            self.beginnings.load(Path(checkpoint))


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
