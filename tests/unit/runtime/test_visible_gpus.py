"""GPUs of a machine: its device nodes, or those that it was given."""

from pathlib import Path

import pytest

from safe_reasoning.core.errors import UserError
from safe_reasoning.runtime import gpu_lease


def test_gpus_of_the_machine_are_its_device_nodes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(gpu_lease, "DEVICES", tmp_path)
    for name in ("nvidia10", "nvidia2", "nvidiactl", "nvidia-uvm", "nvidia0"):
        (tmp_path / name).touch()
    assert gpu_lease.visible_gpus({}) == ["0", "2", "10"]
    assert gpu_lease.visible_gpus({"CUDA_VISIBLE_DEVICES": ""}) == []
    with pytest.raises(UserError, match="here are 0"):
        gpu_lease.lease(1, [], tmp_path / "locks")


def test_of_an_allocation_with_more_gpus_a_job_leases_its_own(tmp_path: Path):
    def seen(count: int, ids: str, allocation: str) -> str:
        given = {"CUDA_VISIBLE_DEVICES": ids, "SLURM_JOB_ID": allocation}
        return gpu_lease.environment_of_job(count, given, tmp_path / "locks")["CUDA_VISIBLE_DEVICES"]

    assert seen(1, "0,1,2", "7") == "0" and seen(2, "0,1,2", "7") == "1,2"  # this process holds on to them
    assert seen(1, "0,1", "8") == "0"  # GPUs of another allocation, counted from 0 again
    assert seen(3, "0,1,2", "7") == "0,1,2" and seen(0, "0,1,2", "7") == "0,1,2"
