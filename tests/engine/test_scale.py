"""Training as on many GPUs, on two CPU processes: ZeRO-2 and ZeRO-3, accumulated micro-batches,
recomputed activations, killed and resumed.
"""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM

from safe_reasoning.core.errors import UserError
from safe_reasoning.core.records import read_rows, write_rows
from tests.support.paths import ROOT
from tests.support.trainings import command, configuration, environment, train, train_here, write_data

# All of a large run's switches at once, on two processes.
LARGE = {"processes": 2, "micro_batch_size": 1, "gradient_checkpointing": True, "nll_weight": 0.0}
EPOCHS = 8


def deepspeed(stage: int) -> str:
    return str(ROOT / f"config/deepspeed/zero{stage}.json")


def losses(summary: dict) -> list[float]:
    return [point["loss"] for point in summary["loss_curve"]]


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).state_dict()


@pytest.fixture(scope="module")
def trained(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, dict]]:
    """Folder and summary of the same training on one process, and on two under ZeRO-2 and ZeRO-3."""
    made = {}
    for name, settings in (
        ("one", {"nll_weight": 0.0}),
        ("zero2", {**LARGE, "deepspeed": deepspeed(2)}),
        ("zero3", {**LARGE, "deepspeed": deepspeed(3)}),
    ):
        folder = tmp_path_factory.mktemp(name)
        pairs = write_data(folder)["pairs"]
        config = configuration(epochs=EPOCHS, **settings)
        made[name] = (folder / "out", train(folder, tiny_model, config, "out", "--pairs", pairs))
    return made


@pytest.mark.parametrize("stage", ["zero2", "zero3"])
def test_sharded_training_has_the_losses_and_weights_of_one_process(
    stage: str, trained: dict[str, tuple[Path, dict]]
):
    (one, summary), (many, of_many) = trained["one"], trained[stage]
    assert losses(of_many) == pytest.approx(losses(summary), abs=1e-4)
    first, second = weights(one), weights(many)
    assert first.keys() == second.keys()
    assert all(torch.allclose(first[key], second[key], atol=2e-3) for key in first)


def test_a_killed_sharded_training_ends_with_the_same_loss(
    trained: dict[str, tuple[Path, dict]], tiny_model: Path, tmp_path: Path, data: dict[str, str]
):
    """Under ZeRO-3, where each process has a part of weights and optimizer."""
    config = configuration(**LARGE, epochs=EPOCHS, deepspeed=deepspeed(3))
    _, whole = trained["zero3"]
    process = subprocess.Popen(
        command(tmp_path, tiny_model, config, "broken", "--pairs", data["pairs"]),
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    states = (tmp_path / "broken").glob
    deadline = time.monotonic() + 200
    while not list(states("checkpoint-*/trainer_state.json")):
        assert process.poll() is None and time.monotonic() < deadline, "ended before a checkpoint"
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert list(states("checkpoint-*")) and not (tmp_path / "broken/training.json").exists()
    again = train(tmp_path, tiny_model, config, "broken", "--pairs", data["pairs"])
    assert again["steps"] == whole["steps"] and len(losses(again)) == len(losses(whole))
    assert losses(again) == pytest.approx(losses(whole), abs=1e-5)


def test_grpo_trains_on_two_processes(tiny_model: Path, tmp_path: Path, data: dict[str, str]):
    """Under ZeRO-3: to generate, the weights have to be gathered."""
    switches = {"processes": 2, "micro_batch_size": 2, "deepspeed": deepspeed(3)}
    config = configuration(recipe="grpo", rollouts=2, max_steps=2, batch_size=8, **switches)
    summary = train(tmp_path, tiny_model, config, "out", "--prompts", data["prompts"])
    assert summary["steps"] == 2 and summary["generations"] == 16
    AutoModelForCausalLM.from_pretrained(tmp_path / "out")


def test_supervised_training_on_published_traces_under_zero3(
    tiny_model: Path, tmp_path: Path, data: dict[str, str]
):
    config = configuration(recipe="sft_traces", traces="star1", **LARGE, deepspeed=deepspeed(3))
    summary = train(tmp_path, tiny_model, config, "out", "--demonstrations", data["demonstrations"])
    assert summary["examples"] == 16 and losses(summary)


def test_a_training_that_retains_is_the_same_on_two_processes_under_zero3(
    tiny_model: Path, tmp_path: Path, data: dict[str, str]
):
    """NLL and KL are means over the labels of a whole step, wherever they lie."""
    rows = read_rows(data["demonstrations"], "demonstrations")
    labelled = [row | {"label": ("harmful", "benign")[n % 2]} for n, row in enumerate(rows)]
    write_rows(tmp_path / "labelled.parquet", "demonstrations", labelled, {})
    found = []
    for name, more in (
        ("one", {}),
        ("two", {"processes": 2, "micro_batch_size": 1, "deepspeed": deepspeed(3)}),
    ):
        config = configuration(
            recipe="sft_on", demonstrations="kept_rollouts", kl_weight=2.0, max_steps=3, batch_size=4, **more
        )
        found.append(
            losses(
                train(
                    tmp_path, tiny_model, config, name, "--demonstrations", str(tmp_path / "labelled.parquet")
                )
            )
        )
    assert found[0] == pytest.approx(found[1], rel=1e-5)


def test_a_batch_that_does_not_divide_is_one_line(tiny_model: Path, tmp_path: Path, data: dict[str, str]):
    config = configuration(batch_size=6, micro_batch_size=4)
    with pytest.raises(UserError, match="micro_batch_size 4: change one") as error:
        train_here(tmp_path, tiny_model, config, "out", pairs=data["pairs"])
    assert "\n" not in str(error.value)
