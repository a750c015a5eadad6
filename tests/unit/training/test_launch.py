"""How trainings start: alone, under torchrun, under srun; and what a container is handed."""

import sys
from pathlib import Path

import pytest

from safe_reasoning.config import Method, load
from safe_reasoning.core.errors import UserError
from safe_reasoning.runtime.container_environment import into_containers
from safe_reasoning.training.launch import launch_command
from tests.support.paths import ROOT

SCRIPT = ["scripts/train_method.py", "--method", "ipo"]


def method(**settings: object) -> Method:
    return Method.model_validate({"recipe": "ipo", "learning_rate": 1e-6, **settings})


def test_one_process_starts_nothing_else():
    assert launch_command(method(), "ipo", SCRIPT, {}) is None
    assert launch_command(method(processes=2), "ipo", SCRIPT, {"RANK": "1"}) is None


def test_several_processes_start_under_torchrun():
    command = launch_command(method(processes=2), "ipo", SCRIPT, {})
    assert command == [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--nproc_per_node",
        "2",
        "--standalone",
        "--local-addr",
        "127.0.0.1",
        *SCRIPT,
    ]


def test_several_nodes_start_one_torchrun_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "srun").write_text("#!/bin/sh\n")
    (tmp_path / "srun").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    command = launch_command(method(nodes=2, processes=4), "ipo", SCRIPT, {"SLURM_JOB_ID": "12"})
    assert command and command[:5] == ["srun", "--overlap", "--nodes=2", "--ntasks=2", "--ntasks-per-node=1"]
    assert command[-len(SCRIPT) :] == SCRIPT and command[command.index("--nnodes") + 1] == "2"


def test_several_nodes_without_slurm_is_one_line():
    with pytest.raises(UserError, match="set nodes to 1"):
        launch_command(method(nodes=2), "ipo", SCRIPT, {})


def test_containers_get_named_variables_and_folders_only(tmp_path: Path):
    config = load(ROOT / "config/paper.yaml")
    cache, data = tmp_path / "cache", tmp_path / "data"
    cache.mkdir()
    data.mkdir()
    (data / "certificates.pem").touch()
    given = {
        "OPENAI_API_KEY": "secret",
        "CUDA_VISIBLE_DEVICES": "0,1",
        "XDG_CACHE_HOME": str(cache),
        "HTTPS_PROXY": "http://proxy:3128",
        "no_proxy": "localhost",
        "SSL_CERT_FILE": str(data / "certificates.pem"),
        "TMPDIR": str(tmp_path / "of another machine"),
        "LD_PRELOAD": "/nowhere.so",
        "PYTHONPATH": "/elsewhere",
        "HF_TOKEN": "",
    }
    passed = into_containers(config, given)
    names = {name.split("ENV_")[1] for name in passed if "ENV_" in name}
    expected = {"OPENAI_API_KEY", "CUDA_VISIBLE_DEVICES", "XDG_CACHE_HOME", "HTTPS_PROXY", "no_proxy"}
    assert names - {"SAFE_REASONING_DATA"} == expected | {"SSL_CERT_FILE"}
    bound = next(value for name, value in passed.items() if name.endswith("_BIND")).split(",")
    assert {str(cache), str(data)} <= set(bound) and str(tmp_path / "of another machine") not in bound
    again = into_containers(config, {**given, **passed})
    assert (
        next(value for name, value in again.items() if name.endswith("_BIND")).split(",") == bound
    )  # a job reads the Snakefile again
