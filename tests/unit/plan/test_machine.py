"""The machine that a run starts on, against its plan."""

from pathlib import Path

import pytest

from safe_reasoning.config import Config, load, validate
from safe_reasoning.config.loading import changed, read
from safe_reasoning.plan import machine, memory
from safe_reasoning.runtime import gpu_lease
from tests.support.paths import ROOT, TINY
from tests.unit.runtime.test_gpus import machine as machine_that_says

PAPER = ROOT / "config/paper.yaml"


@pytest.fixture(scope="module")
def paper() -> Config:
    return load(PAPER)


def tiny(**resources: object) -> Config:
    return validate(changed(read(TINY), {"resources": resources}), "test")


def test_a_plan_is_checked_against_the_gpus_that_are_there(
    paper: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(ROOT)
    here = machine_that_says(tmp_path)
    found = machine.as_found(paper, here)
    assert (found.plan.gpus, found.plan.gpu_memory_gib) == (2, 40)
    (line,) = machine.machine_warnings(paper, here)
    assert "2 GPUs (NVIDIA A100-PCIE-40GB, 40 GiB), the plan says 8 of 80 GiB" in line
    assert memory.problems(paper, {"qwen3_8b": 8.2}, 1, 2) == []
    assert memory.problems(found, {"qwen3_8b": 8.2}, 1, 2) != []


def test_a_machine_like_the_plan_or_one_that_says_nothing_changes_nothing(paper: Config, tmp_path: Path):
    ids = {"CUDA_VISIBLE_DEVICES": ",".join(map(str, range(8)))}
    eight = machine_that_says(tmp_path, "\n".join(f"{n}, GPU-{n}, H100, 81559" for n in range(8))) | ids
    silent = {"PATH": "", "CUDA_VISIBLE_DEVICES": "0"}
    for here in (eight, silent):
        assert machine.as_found(paper, here) == paper and machine.machine_warnings(paper, here) == []


def test_too_few_gpus_and_a_pytorch_without_cuda_are_one_line_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(gpu_lease, "DEVICES", tmp_path)
    (line,) = machine.machine_refusals(tiny(gpus=1), {}, own_programs=True)
    assert "this machine has no GPU" in line and "resources.gpus: 0" in line
    assert machine.machine_refusals(tiny(gpus=0), {}, own_programs=True) == []
    (line,) = machine.machine_refusals(tiny(gpus=3), {"CUDA_VISIBLE_DEVICES": "0,1"}, own_programs=True)
    assert "takes 3 GPUs, this machine has 2 (0, 1)" in line
    (tmp_path / "nvidia0").touch()
    assert machine.machine_refusals(tiny(gpus=1), {}, own_programs=False) == []  # images have their own
    monkeypatch.setattr("safe_reasoning.runtime.gpus.torch_without_cuda", lambda: "2.9+cpu")
    (line,) = machine.machine_refusals(tiny(gpus=1), {}, own_programs=True)
    assert "built without CUDA" in line and "\n" not in line
