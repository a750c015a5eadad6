"""What a machine says of its GPUs, and a PyTorch that can't use them."""

import sys
from pathlib import Path

import pytest

from safe_reasoning.core.errors import UserError
from safe_reasoning.runtime import gpu_lease, gpus

LISTED = """0, GPU-aa11, NVIDIA A100-PCIE-40GB, 40960
1, GPU-bb22, NVIDIA A100-PCIE-40GB, 40960
2, GPU-cc33, Some GPU, [N/A]"""


def machine(folder: Path, says: str = LISTED, fails: bool = False) -> dict[str, str]:
    """The environment of a machine whose nvidia-smi says this."""
    program = folder / "nvidia-smi"
    program.write_text(f"#!/bin/sh\ncat <<'END'\n{says}\nEND\nexit {int(fails)}\n")
    program.chmod(0o755)
    return {"PATH": f"{folder}:/usr/bin:/bin", "CUDA_VISIBLE_DEVICES": "0,1,2"}


def test_gpus_are_those_that_may_be_used_and_that_the_driver_knows(tmp_path: Path):
    here = machine(tmp_path)
    assert [(gpu.index, gpu.memory_gib) for gpu in gpus.described(here)] == [("0", 40), ("1", 40)]
    assert [gpu.index for gpu in gpus.described(here | {"CUDA_VISIBLE_DEVICES": "1"})] == ["1"]
    assert [gpu.index for gpu in gpus.described(here | {"CUDA_VISIBLE_DEVICES": "GPU-bb"})] == ["1"]
    for ids in ("", "MIG-1", "fake0"):
        assert gpus.described(here | {"CUDA_VISIBLE_DEVICES": ids}) == []


def test_a_machine_without_a_driver_says_nothing(tmp_path: Path):
    assert gpus.described({"PATH": str(tmp_path), "CUDA_VISIBLE_DEVICES": "0"}) == []
    assert gpus.described(machine(tmp_path, "NVIDIA-SMI has failed", fails=True)) == []
    assert gpus.described(machine(tmp_path, "No devices were found")) == []


@pytest.mark.parametrize(
    ("lines", "version"),
    [
        ("__version__ = '2.9+cpu'\ncuda: Optional[str] = None\nhip: Optional[str] = None\n", "2.9+cpu"),
        ("__version__ = '2.9'\ncuda: Optional[str] = '13.0'\nhip: Optional[str] = None\n", None),
        ("__version__ = '2.9'\ncuda: Optional[str] = None\nhip: Optional[str] = '7.1'\n", None),
    ],
)
def test_the_build_of_pytorch_is_read_from_its_files(
    lines: str, version: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "torch").mkdir()
    (tmp_path / "torch/__init__.py").touch()
    (tmp_path / "torch/version.py").write_text(lines)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    assert gpus.torch_without_cuda() == version
    monkeypatch.setattr(gpu_lease, "DEVICES", tmp_path)
    gpus.check_torch()  # there is no GPU here
    (tmp_path / "nvidia0").touch()
    if version:
        with pytest.raises(UserError, match=r"PyTorch 2.9\+cpu .*without CUDA.*make setup-cuda"):
            gpus.check_torch()
    else:
        gpus.check_torch()
