"""Every stage of the GPU check, on the CPU at tiny sizes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from safe_reasoning.config import load as load_config
from safe_reasoning.core.errors import UserError
from safe_reasoning.gpu_check import demo
from safe_reasoning.plan.measured_rates import measured_rates
from tests.support.paths import ROOT

TINY = ROOT / "tests/gpu-check-tiny.yaml"


@pytest.fixture(scope="module")
def carried(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small nano base and the runs that the CPU recorded with it."""
    folder = tmp_path_factory.mktemp("carried")
    nano = ["--config", "tests/tiny.yaml", "--model", "nano", "--out", str(folder / "nano")]
    run("train_nano_base.py", *nano)
    recorded = {}
    for stage in ("engine", "training"):
        result = check(folder, folder / "recorded", "--record", "--stage", stage)
        assert result.returncode == 0, result.stderr[-6000:]
        recorded[stage] = json.loads((folder / f"recorded/{stage}.json").read_text())["recorded"]
    (folder / "reference.json").write_text(json.dumps(recorded))
    return folder


def run(script: str, *options: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src"), "OMP_NUM_THREADS": "1"} | variables
    command = [sys.executable, str(ROOT / "scripts" / script), *options]
    return subprocess.run(command, capture_output=True, text=True, env=environment, cwd=ROOT, timeout=1500)


def check(carried: Path, out: Path, *options: str, config: Path = TINY) -> subprocess.CompletedProcess[str]:
    folders = ["--carried", str(carried), "--work", str(out / "work"), "--out", str(out)]
    return run("gpu_check.py", "--device", "cpu", "--config", str(config), *folders, *options)


@pytest.mark.slow
def test_stages_on_the_cpu(carried: Path, tmp_path: Path):
    """Engine, trainings (with DeepSpeed, a kill and a resume) and rates, against the recorded runs."""
    result = check(carried, tmp_path, "--stages", "environment", "engine", "training", "rates")
    log = (tmp_path / "check.log").read_text()
    assert result.returncode == 0, result.stderr[-3000:] + log[-6000:]
    stages = {
        name: json.loads((tmp_path / f"{name}.json").read_text())
        for name in ("environment", "engine", "training", "rates")
    }
    assert {stage["status"] for stage in stages.values()} == {"passed"}
    assert "nano greedy tokens are the CPU's" in stages["engine"]["checks"]
    compared = stages["training"]["checks"]
    for name in ("ipo", "ipo_stage2", "sft", "nano_base"):
        assert compared[f"{name} against the recorded run"]["largest_difference"] < 1e-5  # the same processor
    assert compared["resumed has the losses of ipo"]["largest_difference"] < 1e-6
    assert {
        "zero2 has the losses of ipo",
        "zero3 has the losses of ipo",
        "checkpointed has the losses of ipo",
    } <= set(compared)
    assert stages["training"]["measured"]["ipo"]["gradient_norms"][0] > 0
    assert stages["rates"]["checks"]["qwen2_7b has the published number of weights"]["passed"]
    whole = stages["rates"]["measured"]["qwen3_8b: training at 32 tokens, whole model"]
    assert whole["tokens_per_second"] > 0 and whole["gpus"] == 8
    with pytest.raises(UserError, match="no rates of a GPU"):
        measured_rates(load_config(ROOT / "config/paper.yaml"), tmp_path)


@pytest.mark.slow
def test_a_stage_that_is_stopped_keeps_what_it_had(carried: Path, tmp_path: Path):
    hurried = yaml.safe_load(TINY.read_text())
    hurried["limits"]["rates"] = 25
    hurried["rates"] |= {"batch_sizes": [1], "new_tokens": 200_000, "divide": 64}
    hurried["rates"]["shapes"] = ["llama_8b", "qwen3_8b"]
    (tmp_path / "hurried.yaml").write_text(yaml.safe_dump(hurried))
    result = check(carried, tmp_path, "--stages", "rates", config=tmp_path / "hurried.yaml")
    assert result.returncode == 1
    content = json.loads((tmp_path / "rates.json").read_text())
    assert content["status"] == "out of time" and "stopped after 25 s" in content["errors"]["end"]
    assert content["checks"]["llama_8b has the published number of weights"]["passed"]
    assert json.loads((tmp_path / "summary.json").read_text())["statuses"] == {"rates": "out of time"}


@pytest.mark.slow
def test_other_weights_than_the_recorded_ones_fail(carried: Path, tmp_path: Path):
    other = json.loads((carried / "reference.json").read_text())
    other["engine"]["nano greedy"][0][0] += 1
    for name in ("nano", "reference.json"):
        (tmp_path / name).symlink_to(carried / name)
    (tmp_path / "reference.json").unlink()
    (tmp_path / "reference.json").write_text(json.dumps(other))
    result = check(tmp_path, tmp_path / "out", "--stage", "engine")
    assert result.returncode == 1
    content = json.loads((tmp_path / "out/engine.json").read_text())
    assert not content["checks"]["nano greedy tokens are the CPU's"]["passed"]


def test_a_gpu_that_is_not_there_is_told(tmp_path: Path):
    """Nothing falls back to the CPU in silence."""
    options = ["--work", str(tmp_path / "work"), "--out", str(tmp_path), "--config", str(TINY)]
    environment = {"CUDA_VISIBLE_DEVICES": ""}
    result = run("gpu_check.py", "--device", "cuda", "--stage", "rates", *options, **environment)
    assert result.returncode == 1
    content = json.loads((tmp_path / "rates.json").read_text())
    assert content["status"] == "failed" and "cuda was asked for" in content["errors"]["stage"]


@pytest.mark.slow
def test_the_demo_through_snakemake(carried: Path, tmp_path: Path):
    """Every rule of the tiny run on the carried base; its metrics are no demo's, so only the base's own are compared."""
    result = check(carried, tmp_path, "--stage", "demo")
    content = json.loads((tmp_path / "demo.json").read_text())
    assert content["checks"]["the workflow ran to its end"]["passed"], result.stderr[-6000:]
    assert content["checks"]["the metrics were compared"]["tables"] == len(demo.TABLES)
    assert content["measured"]["rates: by method"]["harmful reasoning, mean"].keys() >= {
        "base",
        "ipo",
        "grpo_zy",
    }
