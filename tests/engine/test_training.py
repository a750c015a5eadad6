"""Trainings: every recipe trains and its model loads, a killed one ends with the same weights, ZeRO-2
on two processes has the losses of one.
"""

import json
import signal
import subprocess
import time
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from safe_reasoning.core.errors import UserError
from safe_reasoning.core.records import write_rows
from safe_reasoning.core.run_layout import kept_folder
from safe_reasoning.training.common import last_checkpoint
from tests.support.paths import ROOT
from tests.support.trainings import command, configuration, environment, train, train_here

RECIPES = [
    "ipo",
    "ipo_stage2",
    "dpo_full",
    "dpo_natural",
    "dpo_tree",
    "dpo_tree_short",
    "sft",
    "sft_safe",
    "salt",
    "grpo",
]


@pytest.mark.parametrize("recipe", RECIPES)
def test_every_recipe_trains_and_its_model_loads(
    recipe: str, tiny_model: Path, tmp_path: Path, data: dict[str, str]
):
    extra: dict[str, object] = {"rollouts": 2, "max_steps": 1} if recipe == "grpo" else {}
    pairs = {"pairs": data["pairs"]}
    files = {
        "ipo_stage2": {**pairs, "benign_pairs": data["pairs"], "stage1": str(tiny_model)},
        "dpo_tree_short": {**pairs, "benign_pairs": data["pairs"]},
        "sft_safe": {"demonstrations": data["demonstrations"]},
        "salt": {"groups": data["groups"]},
        "grpo": {"prompts": data["prompts"]},
    }.get(recipe, pairs)
    config = configuration(recipe=recipe, max_examples=8, **extra)
    summary = train_here(tmp_path, tiny_model, config, "out", **files)
    assert summary["loss_curve"] and summary["steps"] >= 1 and summary["settings"]["recipe"] == recipe
    if recipe == "grpo":
        assert summary["generations"] == 4 and summary["generated_tokens"] > 0
    before = AutoModelForCausalLM.from_pretrained(tiny_model).state_dict()
    after = AutoModelForCausalLM.from_pretrained(tmp_path / "out").state_dict()
    assert before.keys() == after.keys()
    if recipe != "grpo":  # one step of equal rewards teaches nothing
        assert any(not torch.equal(before[name], after[name]) for name in before)
    assert (
        AutoTokenizer.from_pretrained(tmp_path / "out").chat_template
        == AutoTokenizer.from_pretrained(tiny_model).chat_template
    )
    assert not list((tmp_path / "out").glob("checkpoint-*")) and not list((tmp_path / "out").glob("*.bin"))


@pytest.mark.parametrize("recipe", ["ipo", "grpo"])
def test_weights_along_the_way_are_kept_and_load(
    recipe: str, tiny_model: Path, tmp_path: Path, data: dict[str, str]
):
    extra = {"rollouts": 2} if recipe == "grpo" else {}
    config = configuration(recipe=recipe, max_steps=4, **extra)
    evaluate = config.evaluate.model_copy(update={"checkpoints": [0.5, 0.7]})
    config = config.model_copy(update={"evaluate": evaluate})
    files = {"prompts": data["prompts"]} if recipe == "grpo" else {"pairs": data["pairs"]}
    summary = train_here(tmp_path, tiny_model, config, "out", **files)
    assert summary["checkpoints"] == [{"share": 0.5, "step": 2}, {"share": 0.7, "step": 3}]
    folders = [tiny_model, *(kept_folder(tmp_path / "out", share) for share in (0.5, 0.7)), tmp_path / "out"]
    for folder in folders[1:]:
        AutoTokenizer.from_pretrained(folder)
        assert not (folder / "training_args.bin").exists()
    if recipe == "ipo":
        states = [AutoModelForCausalLM.from_pretrained(folder).state_dict() for folder in folders]
        pairs = list(zip(states, states[1:], strict=False))
        assert all(any(not torch.equal(a[name], b[name]) for name in a) for a, b in pairs)
    assert [path.name for path in (tmp_path / "out").iterdir() if path.is_dir()] == ["checkpoints"]


def test_killed_training_ends_with_the_same_weights(tiny_model: Path, tmp_path: Path, data: dict[str, str]):
    config = configuration(epochs=12)
    whole = train(tmp_path, tiny_model, config, "whole", "--pairs", data["pairs"])
    process = subprocess.Popen(
        command(tmp_path, tiny_model, config, "broken", "--pairs", data["pairs"]),
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 200
    while (
        not list((tmp_path / "broken").glob("checkpoint-*/trainer_state.json"))
        and process.poll() is None
        and time.monotonic() < deadline
    ):
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (tmp_path / "broken/training.json").exists()
    found = last_checkpoint(tmp_path / "broken")
    assert found is not None
    checkpoint = Path(found)
    # A kill may also cut off the writing of a checkpoint, whose last file is the trainer's state.
    state = json.loads((checkpoint / "trainer_state.json").read_text())
    cut_off = tmp_path / f"broken/checkpoint-{state['global_step'] + state['save_steps']}"
    cut_off.mkdir(exist_ok=True)
    (cut_off / "trainer_state.json").write_text('{"epoch": 1.0, ')
    (cut_off / "model.safetensors").write_bytes(b"half a file")
    again = train(tmp_path, tiny_model, config, "broken", "--pairs", data["pairs"])
    assert again["weights_sha256"] == whole["weights_sha256"]
    assert again["loss_curve"] == whole["loss_curve"]


def test_zero2_on_two_processes_has_the_losses_of_one(tiny_model: Path, tmp_path: Path, data: dict[str, str]):
    """Each batch is the same. The DPO term is a mean over pairs and agrees to 1e-4 (test_scale.py);
    the NLL term is a mean over tokens, taken on each process, so with it losses agree to 1e-2 only.
    """
    one = train_here(tmp_path, tiny_model, configuration(nll_weight=0.2), "one", pairs=data["pairs"])
    config = configuration(nll_weight=0.2, processes=2, deepspeed=str(ROOT / "config/deepspeed/zero2.json"))
    two = train(tmp_path, tiny_model, config, "two", "--pairs", data["pairs"])
    losses = [[point["loss"] for point in run["loss_curve"]] for run in (one, two)]
    assert len(losses[0]) == 4 and losses[0] == pytest.approx(losses[1], abs=1e-2)


def test_missing_data_is_one_line(tiny_model: Path, tmp_path: Path):
    for files, named in (({}, "--pairs"), ({"pairs": str(tmp_path / "none.parquet")}, "none.parquet")):
        with pytest.raises(UserError, match=named) as error:
            train_here(tmp_path, tiny_model, configuration(), "out", **files)
        assert "\n" not in str(error.value)


def test_unknown_method_is_one_line(tiny_model: Path, tmp_path: Path):
    call = command(tmp_path, tiny_model, configuration(), "out")
    call = ["magic" if word == "m" else word for word in call]
    result = subprocess.run(call, capture_output=True, text=True, env=environment(), timeout=200)
    errors = [line for line in result.stderr.splitlines() if line.startswith("error: ")]
    assert result.returncode == 1 and len(errors) == 1 and "unknown method 'magic'" in errors[0]


def test_stage2_without_over_refusal_hands_the_weights_on(
    tiny_model: Path, tmp_path: Path, data: dict[str, str]
):
    write_rows(tmp_path / "none.parquet", "pairs", [], {})
    files = {"pairs": data["pairs"], "benign_pairs": str(tmp_path / "none.parquet")}
    config = configuration(recipe="ipo_stage2")
    summary = train_here(tmp_path, tiny_model, config, "out", **files, stage1=str(tiny_model))
    assert summary["steps"] == 0 and "no over-refusal" in summary["reason"]
    assert (tmp_path / "out/model.safetensors").read_bytes() == (
        tiny_model / "model.safetensors"
    ).read_bytes()
