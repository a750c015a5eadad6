"""The machine that computes: processor, instruction sets, threads, memory, library builds, GPU.

The last bits of a number depend on them, and a training carries last bits far. Whatever cannot be
read is left out. Nothing is imported and no program is started: libraries that a job has not loaded
did not compute for it.
"""

from __future__ import annotations

import os
import platform
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

PROC = Path("/proc")
# Those that kernels are chosen by, the widest last
INSTRUCTION_SETS = ("avx2", "avx512f", "avx512_bf16", "amx_bf16", "asimd", "sve")
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def machine(proc: Path = PROC) -> dict[str, Any]:
    """What is known of this machine, for meta files and manifests; no name of a host, no place.

    Cores are those that the process may use, memory is in GiB.
    """
    info = _fields(proc / "cpuinfo")
    flags = info.get("flags", info.get("Features", "")).split()
    found = {
        "processor": info.get("model name") or platform.machine(),
        "instructions": [name for name in INSTRUCTION_SETS if name in flags],
        "cores": len(os.sched_getaffinity(0)),
        "threads": {name: os.environ[name] for name in THREADS if name in os.environ} | _torch_threads(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "libraries": _libraries(),
        "gpus": _gpus(proc / "driver/nvidia"),
        "gpu_driver": _driver(proc / "driver/nvidia/version"),
    }
    return {name: value for name, value in found.items() if value}


def in_words(found: Mapping[str, Any]) -> str:
    """A machine in one line; a meta file from before machines were noted gives `not noted`."""
    if not found:
        return "not noted"
    instructions = ", ".join(found.get("instructions", []))
    gpus = found.get("gpus", [])
    parts = [
        found.get("processor", "") + (f" ({instructions})" if instructions else ""),
        f"{found['cores']} cores" if "cores" in found else "",
        ", ".join(f"{value} threads by {name}" for name, value in found.get("threads", {}).items()),
        f"{found['memory_gib']:g} GiB of memory" if "memory_gib" in found else "",
        ", ".join(f"{name} {value}" for name, value in found.get("libraries", {}).items()),
        ", ".join(f"{gpus.count(name)} x {name}" for name in dict.fromkeys(gpus)),
        f"driver {found['gpu_driver']}" if "gpu_driver" in found else "",
    ]
    return "; ".join(part for part in parts if part)


def _fields(path: Path) -> dict[str, str]:
    """Fields of the first entry of a file of `name : value` lines."""
    try:
        lines = path.read_text().split("\n\n")[0].splitlines()
    except OSError:
        return {}
    return {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in lines)}


def _torch_threads() -> dict[str, str]:
    torch = sys.modules.get("torch")
    return {"torch": str(torch.get_num_threads())} if torch else {}


def _libraries() -> dict[str, str]:
    """Builds of the libraries behind sums and products, as far as they are loaded."""
    name, version = platform.libc_ver()
    found = {name: version} if name else {}
    if numpy := sys.modules.get("numpy"):
        blas = numpy.show_config(mode="dicts")["Build Dependencies"]["blas"]
        found[f"numpy's {blas['name']}"] = blas["version"]
    if torch := sys.modules.get("torch"):
        built = torch.__config__.show()
        for library, pattern in (
            ("MKL", r"Math Kernel Library Version (\S+)"),
            ("oneDNN", r"MKL-DNN v(\S+)"),
            ("torch's kernels", r"CPU capability usage: (\S+)"),
        ):
            if match := re.search(pattern, built):
                found[library] = match[1].removesuffix("-Product")
        if torch.version.cuda:
            found["CUDA"] = torch.version.cuda
    return found


def _gpus(folder: Path) -> list[str]:
    """Models of NVIDIA's GPUs that the driver has."""
    names = [_fields(path).get("Model", "") for path in sorted(folder.glob("gpus/*/information"))]
    return [name for name in names if name]


def _driver(path: Path) -> str:
    try:
        match = re.search(r"\b\d{3}(?:\.\d+)+\b", path.read_text())
    except OSError:
        return ""
    return match[0] if match else ""
