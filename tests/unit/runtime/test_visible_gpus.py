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
