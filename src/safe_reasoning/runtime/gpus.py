"""The GPUs of this machine, and whether this environment's PyTorch was built to use them."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from safe_reasoning.core.errors import UserError
from safe_reasoning.runtime.gpu_lease import device_nodes, visible_gpus

_QUERY = ["--query-gpu=index,uuid,name,memory.total", "--format=csv,noheader,nounits"]
_PATIENCE = 60  # seconds; the driver may have to wake up


@dataclass(frozen=True)
class Gpu:
    """A GPU as its driver names it; memory in GiB."""

    index: str
    uuid: str
    name: str
    memory_gib: float


def described(environment: Mapping[str, str]) -> list[Gpu]:
    """The GPUs that may be used, as `nvidia-smi` describes them.

    Empty where there is no such program, and for those that it does not list (parts of a GPU, ids
    that are made up): nothing is known of these.
    """
    program = shutil.which("nvidia-smi", path=environment.get("PATH"))
    if program is None:
        return []
    try:
        done = subprocess.run([program, *_QUERY], capture_output=True, text=True, timeout=_PATIENCE)
    except (OSError, subprocess.TimeoutExpired):
        return []
    found = []
    for line in done.stdout.splitlines() if done.returncode == 0 else ():
        index, uuid, name, memory = (*map(str.strip, line.split(",")), "", "", "", "")[:4]
        if memory.isdigit():
            found.append(Gpu(index, uuid, name, int(memory) / 1024))
    ids = visible_gpus(environment)
    return [gpu for gpu in found if any(gpu.index == i or (i and gpu.uuid.startswith(i)) for i in ids)]


def torch_without_cuda() -> str | None:
    """The version of this environment's PyTorch if it was built without CUDA.

    None for one with CUDA, and where there is no PyTorch. It is read from its files, since its
    import takes seconds.
    """
    spec = importlib.util.find_spec("torch")
    if spec is None or spec.origin is None:
        return None
    text = (Path(spec.origin).parent / "version.py").read_text()
    version = re.search(r"^__version__ = '(.*)'", text, re.MULTILINE)
    without = re.search(r"^(?:cuda|hip)\b.*= '", text, re.MULTILINE) is None
    return version[1] if version and without else None


def check_torch() -> None:
    """A UserError on a machine with a GPU whose PyTorch can't use it.

    Jobs would run on the CPU, for weeks, while they hold the GPU.
    """
    if device_nodes() and (version := torch_without_cuda()):
        raise UserError(
            f"PyTorch {version} of this environment was built without CUDA, and this machine has a GPU: "
            "start the run from the environment of make setup-cuda (.venv-train/bin/snakemake), give "
            "--sdm apptainer, or set resources.gpus: 0 to use the CPU"
        )
