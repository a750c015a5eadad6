"""Training as on many GPUs, on two CPU processes: ZeRO-2 and ZeRO-3, accumulated micro-batches, recomputed activations, killed and resumed."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM

from tests.support.paths import ROOT
from tests.support.trainings import command, configuration, environment, train

# All of a large run's switches at once, on two processes.
LARGE = {"processes": 2, "micro_batch_size": 1, "gradient_checkpointing": True, "nll_weight": 0.0}


def deepspeed(stage: int) -> str:
    return str(ROOT / f"config/deepspeed/zero{stage}.json")


def losses(summary: dict) -> list[float]:
    return [point["loss"] for point in summary["loss_curve"]]


@pytest.mark.parametrize("stage", [2, 3])
def test_sharded_training_has_the_losses_and_weights_of_one_process(
    stage: int, tiny_model: Path, tmp_path: Path, data: dict[str, str]
):
    one = train(tmp_path, tiny_model, configuration(nll_weight=0.0), "one", "--pairs", data["pairs"])
    many = train(
        tmp_path,
        tiny_model,
        configuration(**LARGE, deepspeed=deepspeed(stage)),
        "many",
        "--pairs",
        data["pairs"],
    )
    assert losses(many) == pytest.approx(losses(one), abs=1e-4)
    weights = [
        AutoModelForCausalLM.from_pretrained(tmp_path / name, dtype=torch.float32).state_dict()
        for name in ("one", "many")
    ]
    assert weights[0].keys() == weights[1].keys()
    assert all(torch.allclose(weights[0][key], weights[1][key], atol=2e-3) for key in weights[0])


@pytest.mark.parametrize("stage", [2, 3])
def test_a_killed_sharded_training_ends_with_the_same_loss(
    stage: int, tiny_model: Path, tmp_path: Path, data: dict[str, str]
):
    config = configuration(**LARGE, epochs=8, deepspeed=deepspeed(stage))
    whole = train(tmp_path, tiny_model, config, "whole", "--pairs", data["pairs"])
    process = subprocess.Popen(
        command(tmp_path, tiny_model, config, "broken", "--pairs", data["pairs"]),
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    deadline = time.monotonic() + 200
    while (
        not list((tmp_path / "broken").glob("checkpoint-*/trainer_state.json"))
        and process.poll() is None
        and time.monotonic() < deadline
    ):
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert (
        list((tmp_path / "broken").glob("checkpoint-*")) and not (tmp_path / "broken/training.json").exists()
    )
    again = train(tmp_path, tiny_model, config, "broken", "--pairs", data["pairs"])
    assert again["steps"] == whole["steps"] and len(losses(again)) == len(losses(whole))
    assert losses(again) == pytest.approx(losses(whole), abs=1e-5)


@pytest.mark.parametrize("stage", [2, 3])
def test_grpo_trains_on_two_processes(stage: int, tiny_model: Path, tmp_path: Path, data: dict[str, str]):
    config = configuration(
        recipe="grpo",
        rollouts=2,
        max_steps=2,
        batch_size=8,
        processes=2,
        micro_batch_size=2,
        deepspeed=deepspeed(stage),
    )
    summary = train(tmp_path, tiny_model, config, "out", "--prompts", data["prompts"])
    assert summary["steps"] == 2 and summary["generations"] == 16
    AutoModelForCausalLM.from_pretrained(tmp_path / "out")


def test_supervised_training_on_published_traces_under_zero3(
    tiny_model: Path, tmp_path: Path, data: dict[str, str]
):
    config = configuration(recipe="sft_traces", traces="star1", **LARGE, deepspeed=deepspeed(3))
    summary = train(tmp_path, tiny_model, config, "out", "--demonstrations", data["demonstrations"])
    assert summary["examples"] == 16 and losses(summary)


def test_a_batch_that_does_not_divide_is_one_line(tiny_model: Path, tmp_path: Path, data: dict[str, str]):
    call = command(
        tmp_path, tiny_model, configuration(batch_size=6, micro_batch_size=4), "out", "--pairs", data["pairs"]
    )
    result = subprocess.run(call, capture_output=True, text=True, env=environment(), timeout=200)
    errors = [line for line in result.stderr.splitlines() if line.startswith("error: ")]
    assert result.returncode == 1 and len(errors) == 1 and "micro_batch_size 4: change one" in errors[0]
