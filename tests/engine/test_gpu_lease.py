"""Leases of GPUs, with made-up ids: no two jobs share one, a crash frees its own, a cluster's own choice is left alone."""

import os
import signal
import subprocess
import sys
import time
import uuid

import pytest

from tests.support.paths import ROOT

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
        [*SCRIPT, str(count), *command],
        env=environment(ids, **more),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
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
    out, message = third.communicate(timeout=20)
    second.kill()
    assert sorted(got) == ids and still_waiting
    assert out.splitlines()[-1] == got[0] and "waiting for 1 of the GPUs" in message


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
    _, message = job(3, ids, SAY).communicate(timeout=20)
    errors = [line for line in message.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1 and "needs 3 GPUs, here are 2" in errors[0] and "resources.gpus" in errors[0]


def test_without_gpus_and_in_a_slurm_job_nothing_is_changed(ids: list[str]):
    holder = job(2, ids, HOLD)
    seen(holder)
    assert seen(job(0, ids, SAY)) == ",".join(ids)
    assert seen(job(1, ids[:1], SAY, SLURM_JOB_ID="7")) == ids[0]
    holder.kill()


def test_jobs_in_one_slurm_allocation_lease_its_gpus(ids: list[str]):
    """One that got more GPUs than each of its jobs asks for, as when Snakemake runs inside it."""
    first, second = (job(1, ids, HOLD, SLURM_JOB_ID="7") for _ in range(2))
    got = [seen(first), seen(second)]
    first.kill()
    second.kill()
    assert sorted(got) == ids


def test_the_lease_outlives_exec_and_the_exit_code_is_the_job_s(ids: list[str]):
    assert job(1, ids, ["sh", "-c", "exit 7"]).wait(timeout=20) == 7
