"""A run of the workflow inside the check, stopped in time for its results to be read."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from safe_reasoning.core.files import write_bytes
from safe_reasoning.gpu_check.record import Record
from safe_reasoning.gpu_check.stages import Places
from safe_reasoning.gpu_check.trainings import ROOT, environment

MARGIN = 15  # seconds of a stage that are left for reading what the workflow made


def fresh_run(name: str) -> Path:
    """The emptied folder of a run."""
    folder = ROOT / "results" / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def _steps(output: str) -> tuple[int, int]:
    """Finished and all jobs, as Snakemake last said."""
    said = re.findall(r"(\d+) of (\d+) steps", output)
    return (int(said[-1][0]), int(said[-1][1])) if said else (0, 0)


def run(
    record: Record,
    config: Mapping[str, Any],
    places: Places,
    jobs: int | None,
    targets: Sequence[str] = (),
) -> bool:
    """Run the workflow with a configuration until it ends or the stage's time is nearly over.

    Returns:
        Whether it made all that it was asked for.
    """
    begin = time.monotonic()
    file, log = places.work / f"{config['run']}.yaml", places.work / f"{config['run']}.log"
    write_bytes(file, yaml.safe_dump(dict(config)).encode())
    command = [sys.executable, "-m", "snakemake", *targets, "--configfile", str(file), "--keep-going"]
    command += ["--cores", str(jobs or os.cpu_count() or 1), "--nocolor"]
    with open(log, "wb") as handle:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment(places),
            stdout=handle,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        process.wait(max(1.0, places.seconds - MARGIN))
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    output = log.read_text(errors="replace")
    done, jobs_in_all = _steps(output)
    seconds = round(time.monotonic() - begin, 1)
    record.measure("workflow", {"jobs_done": done, "jobs": jobs_in_all, "seconds": seconds})
    if process.returncode:
        print(output[-6000:], file=sys.stderr)
    record.check(
        "the workflow ran to its end",
        process.returncode == 0,
        code=process.returncode,
        jobs_done=done,
        jobs=jobs_in_all,
    )
    return process.returncode == 0
