"""The finished tiny run, which several files look at."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.support.commands import snakemake
from tools.project_copy import SNAKEMAKE, copy_project


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project with the tiny run in it, killed twice on its way: while it generates
    and while it trains.

    The files that use it are marked `xdist_group("tiny_run")`: they share one process, and so the
    run, one after another.
    """
    project = copy_project(tmp_path_factory.mktemp("finished"))
    for marker in ("generations/nano/base/shards/*/*.parquet", "models/nano/*/seed0/checkpoint-*"):
        kill_when(project, f"results/tiny/{marker}")
    snakemake(project, "--configfile", "tests/tiny.yaml")
    return project


def kill_when(folder: Path, pattern: str) -> None:
    """Start the tiny run and kill -9 it with all its jobs as soon as a file appears."""
    process = subprocess.Popen(
        [*SNAKEMAKE, "--configfile", "tests/tiny.yaml"],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    deadline = time.monotonic() + 600
    while not list(folder.glob(pattern)) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.2)
    assert process.poll() is None, f"the run ended before {pattern} appeared"
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
