"""Leases of GPUs, with made-up ids: no two jobs share one, a crash frees its own, a cluster's own choice is left alone."""

import os
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest

from safe_reasoning.core.errors import UserError
from safe_reasoning.runtime import gpu_lease
from tests.support.paths import ROOT
from tools.project_copy import SNAKEMAKE

SCRIPT = [sys.executable, str(ROOT / "scripts/lease_gpus.py")]
SAY = ["sh", "-c", "echo $CUDA_VISIBLE_DEVICES"]
HOLD = ["sh", "-c", "echo $CUDA_VISIBLE_DEVICES; exec sleep 60"]


@pytest.fixture
def ids() -> list[str]:
    """Two ids that no other test and no GPU has."""
    name = uuid.uuid4().hex[:8]
    return [f"fake{name}-{number}" for number in range(2)]


def environment(ids: list[str], **more: str) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("SLURM_")}
    return {**kept, "PYTHONPATH": str(ROOT / "src"), "CUDA_VISIBLE_DEVICES": ",".join(ids), **more}


def job(count: int, ids: list[str], command: list[str], **more: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*SCRIPT, str(count), *command], env=environment(ids, **more), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def seen(process: subprocess.Popen[str]) -> str:
    """What a job sees as its GPUs: its first line."""
    assert process.stdout
    return process.stdout.readline().strip()


def test_jobs_side_by_side_share_no_gpu_and_a_third_waits(ids: list[str]):
    first, second = job(1, ids, HOLD), job(1, ids, HOLD)
    got = [seen(first), seen(second)]
    third = job(1, ids, SAY)
    time.sleep(1.5)
    still_waiting = third.poll() is None
    first.send_signal(signal.SIGKILL)  # a crash, as hard as they come
    out, told = third.communicate(timeout=20)
    second.kill()
    assert sorted(got) == ids and still_waiting
    assert out.splitlines()[-1] == got[0] and "waiting for 1 of the GPUs" in told


def test_a_job_of_two_gpus_takes_both_or_none(ids: list[str]):
    single = job(1, ids, HOLD)
    taken = seen(single)
    both = job(2, ids, SAY)
    time.sleep(1)
    other = job(1, ids, SAY)  # what the waiting job does not hold can be used
    assert seen(other) in set(ids) - {taken}
    single.kill()
    out, _ = both.communicate(timeout=20)
    assert out.splitlines()[-1].split(",") == ids


def test_more_gpus_than_there_are_is_one_line(ids: list[str]):
    _, told = job(3, ids, SAY).communicate(timeout=20)
    errors = [line for line in told.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1 and "needs 3 GPUs, here are 2" in errors[0] and "resources.gpus" in errors[0]


def test_without_gpus_and_in_a_slurm_job_nothing_is_changed(ids: list[str]):
    holder = job(2, ids, HOLD)
    seen(holder)
    assert seen(job(0, ids, SAY)) == ",".join(ids)
    assert seen(job(1, ids[:1], SAY, SLURM_JOB_ID="7")) == ids[0]
    holder.kill()


def test_the_lease_outlives_exec_and_the_exit_code_is_the_job_s(ids: list[str]):
    assert job(1, ids, ["sh", "-c", "exit 7"]).wait(timeout=20) == 7


def test_gpus_of_the_machine_are_its_device_nodes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(gpu_lease, "DEVICES", tmp_path)
    for name in ("nvidia10", "nvidia2", "nvidiactl", "nvidia-uvm", "nvidia0"):
        (tmp_path / name).touch()
    assert gpu_lease.visible_gpus({}) == ["0", "2", "10"]
    assert gpu_lease.visible_gpus({"CUDA_VISIBLE_DEVICES": ""}) == []
    with pytest.raises(UserError, match="here are 0"):
        gpu_lease.lease(1, [], tmp_path / "locks")


def test_snakemake_with_the_workstation_profile_runs_as_many_jobs_as_there_are_gpus(ids: list[str], tmp_path: Path):
    """Eight one-GPU jobs, one of which crashes at its first attempt: never two at the same time on one GPU."""
    (tmp_path / "Snakefile").write_text(
        f"""
rule all:
    input: expand("{{n}}.txt", n=range(8))
rule job:
    output: "{{n}}.txt"
    resources: gpu=1
    shell:
        '{" ".join(SCRIPT)} {{resources.gpu}} sh -c "'
        'echo start \\$CUDA_VISIBLE_DEVICES >> log; sleep 0.4; echo end \\$CUDA_VISIBLE_DEVICES >> log; '
        'if [ {{wildcards.n}} = 3 ] && mkdir crashed; then kill -9 \\$\\$; fi; touch {{output}}"'
"""
    )
    call = [SNAKEMAKE[0], "--profile", str(ROOT / "workflow/profiles/workstation"), "--cores", "8", "--resources", "gpu=2"]
    result = subprocess.run(call, cwd=tmp_path, env=environment(ids), capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr[-3000:]
    running: set[str] = set()
    for line in (tmp_path / "log").read_text().splitlines():
        what, gpu = line.split()
        assert gpu in ids and (gpu not in running) == (what == "start"), line
        running ^= {gpu}
    assert (tmp_path / "crashed").is_dir() and len(list(tmp_path.glob("*.txt"))) == 8
