"""Calls of Snakemake and of the project's scripts, as a person makes them."""

import os
import re
import subprocess
import sys
from pathlib import Path

from tools.project_copy import SNAKEMAKE


def snakemake(folder: Path, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """What Snakemake did in a folder."""
    command = [*SNAKEMAKE, *arguments]
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=1800)
    assert not check or result.returncode == 0, (result.stdout + result.stderr)[-6000:]
    return result


def jobs(result: subprocess.CompletedProcess[str]) -> set[str]:
    """Rules in the job table that a (dry) run prints."""
    table = re.findall(r"^([a-z][a-z_]+) +\d+$", result.stdout + result.stderr, re.MULTILINE)
    return set(table) - {"total"}


def script(project: Path, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """What a script of the project did, with the package of that folder."""
    return subprocess.run(
        [sys.executable, f"scripts/{name}.py", *arguments],
        cwd=project,
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "PYTHONPATH": "src"},
    )
