"""One run at a time in a results folder, also after a run was killed.

Snakemake's own lock outlives a killed run and must then be removed by hand. These locks belong to
processes and go with them: `run.lock` to the workflow, `jobs.lock` (shared) to each of its jobs,
which may outlive a killed workflow for a while and would write next to the next one.
"""

from __future__ import annotations

import fcntl
from pathlib import Path
from typing import IO

from safe_reasoning.core.cli import progress

_held: list[IO[str]] = []


def _lock(path: Path, message: str) -> IO[str]:
    handle = open(path, "a")  # noqa: SIM115  (the lock lives as long as the open file)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        progress(message)
        fcntl.flock(handle, fcntl.LOCK_EX)
    return handle


def hold(run: Path | str) -> None:
    """Wait until no other workflow and no left-over job works in the folder `run`, then keep others
    waiting until this process ends.
    """
    run = Path(run)
    run.mkdir(parents=True, exist_ok=True)
    _held.append(_lock(run / ".run.lock", f"another run works in {run}: waiting for it to end"))
    _lock(run / ".jobs.lock", f"jobs of a killed run still work in {run}: waiting for them to end").close()
