"""SaLT-DPO on a tiny model: nothing to lose at the start, gradients, micro-batches, its direction."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, TrainingArguments

from safe_reasoning.config.methods import Salt
from safe_reasoning.training.group_preference import with_reference
from safe_reasoning.training.listwise import GroupCollator, ListwiseTrainer, segment_means
from tests.support.trainings import configuration, make_groups, train_here

COLLATOR = GroupCollator(pad_id=0)


def load(folder: Path) -> Any:
    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()


def rows_of(tiny_model: Path, **changed: Any) -> list[dict]:
    """Four groups with their reference, each with a benign row."""
    made = make_groups(4, 300)
    groups = [
        {**row, "benign": (made[4 + i % 2]["prompt_ids"], made[4 + i % 2]["completions"][0]), **changed}
        for i, row in enumerate(made[:4])
    ]
    return with_reference(load(tiny_model), groups, COLLATOR)


def trainer_of(tiny_model: Path, out: Path, **settings: float) -> ListwiseTrainer:
    return ListwiseTrainer(
        settings=Salt(**settings),
        reference=load(tiny_model),
        model=load(tiny_model),
        args=TrainingArguments(
            output_dir=str(out), use_cpu=True, report_to="none", remove_unused_columns=False
        ),
    )


def move(model: Any) -> None:
    """Away from the reference."""
    torch.manual_seed(1)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.02 * torch.randn_like(parameter)


def gradient(model: Any, loss: torch.Tensor) -> float:
    model.zero_grad()
    loss.backward()
    return max(float(p.grad.abs().max()) for p in model.parameters() if p.grad is not None)


def test_at_the_start_every_ratio_is_zero_and_the_loss_is_that_of_even_preferences(
    tiny_model: Path, tmp_path: Path
):
    trainer = trainer_of(tiny_model, tmp_path)
    loss = trainer.compute_loss(trainer.model, COLLATOR(rows_of(tiny_model)))
    assert float(loss) == pytest.approx(3 * math.log(3), abs=1e-5)
    assert gradient(trainer.model, loss) > 1e-4


def test_the_kl_is_zero_at_the_start_and_has_no_gradient_then_it_has(tiny_model: Path, tmp_path: Path):
    trainer, batch = trainer_of(tiny_model, tmp_path), COLLATOR(rows_of(tiny_model))
    loss = trainer._kl(trainer.model, batch)
    assert float(loss) == 0 and gradient(trainer.model, loss) < 1e-6
    move(trainer.model)
    loss = trainer._kl(trainer.model, batch)
    assert float(loss) > 0 and gradient(trainer.model, loss) > 1e-5


def test_equal_scores_have_no_gradient_at_the_start(tiny_model: Path, tmp_path: Path):
    trainer = trainer_of(tiny_model, tmp_path, kl_weight=0)
    rows = rows_of(tiny_model, reasoning_scores=[3.0] * 3, response_scores=[3.0] * 3)
    assert gradient(trainer.model, trainer.compute_loss(trainer.model, COLLATOR(rows))) < 1e-6


def test_means_are_those_of_each_completion_alone(tiny_model: Path):
    """Padding and neighbours change nothing: against the completion by itself, in float64."""
    group = make_groups(1, 300)[0]
    model = load(tiny_model).double()
    with torch.no_grad():
        found = segment_means(model, COLLATOR([group]))
        for row, ids, end in zip(found, group["completions"], group["reasoning_ends"], strict=True):
            whole = torch.tensor([group["prompt_ids"] + ids])
            log_probs = torch.log_softmax(model(input_ids=whole).logits[0, 5:-1], -1)
            log_probs = log_probs.gather(1, torch.tensor(ids)[:, None])[:, 0]
            expected = [log_probs[:end].mean(), log_probs[end:].mean(), log_probs.mean()]
            assert row.tolist() == pytest.approx([float(value) for value in expected], abs=1e-5)


def test_permuted_completions_have_the_same_loss(tiny_model: Path, tmp_path: Path):
    trainer, rows = trainer_of(tiny_model, tmp_path, kl_weight=0), rows_of(tiny_model)
    move(trainer.model)
    order = [2, 0, 1]
    lists = ("completions", "reasoning_ends", "reasoning_scores", "response_scores")
    turned = [
        row | {name: [row[name][i] for i in order] for name in lists} | {"reference": row["reference"][order]}
        for row in rows
    ]
    losses = [float(trainer.compute_loss(trainer.model, COLLATOR(given))) for given in (rows, turned)]
    assert losses[0] == pytest.approx(losses[1], abs=1e-5) and abs(losses[0] - 3 * math.log(3)) > 1e-4


def test_training_prefers_the_best_completion_and_micro_batches_do_not_matter(
    tiny_model: Path, tmp_path: Path, data: dict[str, str]
):
    losses = []
    for micro in (4, 1):
        method = configuration(
            recipe="salt", salt={"group": 3}, max_steps=6, batch_size=4, micro_batch_size=micro
        )
        train_here(tmp_path, tiny_model, method, f"micro{micro}", groups=data["groups"])
        trained = json.loads((tmp_path / f"micro{micro}/training.json").read_text())
        losses.append([point["loss"] for point in trained["loss_curve"]])
    assert losses[0] == pytest.approx(losses[1], rel=1e-3) and losses[0][-1] < losses[0][0]
    groups = [row for row in make_groups(8, 300) if row["label"] == "harmful"]
    models = [load(folder) for folder in (tiny_model, tmp_path / "micro4")]
    with torch.no_grad():
        before, after = (
            [segment_means(model, COLLATOR([group]))[:, 2] for group in groups] for model in models
        )
    moved = [new - old for new, old in zip(after, before, strict=True)]
    assert all(change[0] > change[1:].max() for change in moved)
    assert trained["completions"] == 24 and trained["benign_completions"] == 8
