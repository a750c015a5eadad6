"""On-policy distillation by TRL's trainer: its divergences, a teacher that is the student, one that
is another model.
"""

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from trl.experimental.sdft.loss_utils import compute_full_logit_self_distillation_loss

from safe_reasoning.config import Config
from safe_reasoning.core.records import read_rows
from safe_reasoning.training.common import Task
from safe_reasoning.training.self_distillation import TEACHER, TokenSDFTTrainer, distillation_trainer
from tests.support.trainings import configuration, train_here

STUDENT, TAUGHT = [0.5, 0.25, 0.25], [0.25, 0.25, 0.5]


def settings(**method: Any) -> Config:
    config = configuration(
        recipe="distil_on_policy",
        **{"rollouts": 2, "batch_size": 4, "learning_rate": 1e-3, "max_steps": 3, "teacher": "ipo"} | method,
    )
    short = {"decoding": config.decoding.model_copy(update={"max_new_tokens": 12})}
    return config.model_copy(update=short)


def kl(p: list[float], q: list[float]) -> float:
    return sum(a * math.log(a / b) for a, b in zip(p, q, strict=True))


MIXTURE = [(a + b) / 2 for a, b in zip(STUDENT, TAUGHT, strict=True)]


@pytest.mark.parametrize(
    ("alpha", "expected"),
    [
        (0.0, kl(TAUGHT, STUDENT)),
        (1.0, kl(STUDENT, TAUGHT)),
        (0.5, (kl(TAUGHT, MIXTURE) + kl(STUDENT, MIXTURE)) / 2),
    ],
)
def test_divergences_of_three_tokens_by_hand(alpha: float, expected: float):
    logits = [torch.tensor([[p]]).log() for p in (STUDENT, TAUGHT)]
    found = compute_full_logit_self_distillation_loss(*logits, distillation_alpha=alpha)
    assert float(found) == pytest.approx(expected, abs=1e-6)


def test_a_teacher_that_is_the_student_teaches_nothing(
    tiny_model: Path, tmp_path: Path, data: dict[str, str]
):
    """Later steps are not looked at: Adam turns rounding errors into steps of its usual length."""
    files = {"prompts": data["prompts"], "teacher": str(tiny_model)}
    found = train_here(tmp_path, tiny_model, settings(max_steps=1), "out", **files)
    (point,) = found["loss_curve"]
    assert abs(point["loss"]) < 1e-6 and point["grad_norm"] < 1e-4
    assert found["generations"] == 4 and found["generated_tokens"] > 0


def test_a_student_comes_closer_to_another_teacher(tiny_model: Path, tmp_path: Path, data: dict[str, str]):
    first = configuration(recipe="sft", max_steps=8, learning_rate=3e-3)
    train_here(tmp_path, tiny_model, first, "teacher", pairs=data["pairs"])
    files = {"prompts": data["prompts"], "teacher": str(tmp_path / "teacher")}
    found = train_here(tmp_path, tiny_model, settings(max_steps=24), "out", **files)
    losses = [point["loss"] for point in found["loss_curve"]]
    assert sum(losses[-4:]) < 0.8 * sum(losses[:4])


def test_the_teacher_alone_is_told_something(tiny_model: Path, tmp_path: Path, data: dict[str, str]):
    config = settings(teacher=None, teacher_context={"harmful": "Please be careful."})
    task = Task(config, "nano", "m", 0, tiny_model, tmp_path / "out")
    trainer = distillation_trainer(task, list(read_rows(data["prompts"], "prompts")))
    assert isinstance(trainer, TokenSDFTTrainer)
    batch = trainer.sample_rollouts([trainer.train_dataset[0]] * 2)
    built = trainer._prepare_training_batch([trainer.train_dataset[0]] * 2)
    said = trainer.processing_class.decode(built["teacher_input_ids"][0])
    assert "Please be careful.\n\nhello" in said
    assert "careful" not in trainer.processing_class.decode(batch["prompt_ids"][0])
    assert trainer._tokenize_prompts([TEACHER + "0"])[0] != trainer._tokenize_prompts(["0"])[0]
