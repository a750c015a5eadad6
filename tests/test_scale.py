"""Training as on many GPUs, on two CPU processes: ZeRO-2 and ZeRO-3, accumulated micro-batches, recomputed activations, killed and resumed."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM

from tests.test_training import ROOT, command, configuration, data, environment, make_pairs, train  # noqa: F401

# All of a large run's switches at once, on two processes.
LARGE = {"processes": 2, "micro_batch_size": 1, "gradient_checkpointing": True, "nll_weight": 0.0}


def deepspeed(stage: int) -> str:
    return str(ROOT / f"config/deepspeed/zero{stage}.json")


def losses(summary: dict) -> list[float]:
    return [point["loss"] for point in summary["loss_curve"]]


@pytest.mark.parametrize("stage", [2, 3])
def test_sharded_training_has_the_losses_and_weights_of_one_process(stage: int, tiny_model: Path, tmp_path: Path, data: dict[str, str]):  # noqa: F811
    one = train(tmp_path, tiny_model, configuration(nll_weight=0.0), "one", "--pairs", data["pairs"])
    many = train(tmp_path, tiny_model, configuration(**LARGE, deepspeed=deepspeed(stage)), "many", "--pairs", data["pairs"])
    assert losses(many) == pytest.approx(losses(one), abs=1e-4)
    weights = [AutoModelForCausalLM.from_pretrained(tmp_path / name, dtype=torch.float32).state_dict() for name in ("one", "many")]
    assert weights[0].keys() == weights[1].keys()
    assert all(torch.allclose(weights[0][key], weights[1][key], atol=2e-3) for key in weights[0])
