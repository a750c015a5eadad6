"""The stages: each a process of its own with a time limit and a result file."""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safe_reasoning.core.cli import progress
from safe_reasoning.core.devices import device
from safe_reasoning.core.errors import UserError
from safe_reasoning.core.files import read_json, write_json
from safe_reasoning.gpu_check.record import PASSED, RUNNING, Record, close_unfinished
from safe_reasoning.gpu_check.settings import Settings

SUMMARY, LOG = "summary.json", "check.log"


@dataclass(frozen=True)
class Places:
    """Where things are.

    Attributes:
        carried: weights (`nano`, `smollm2.gguf`) and `reference.json`.
        work: scratch folder.
        out: folder of the result files.
        device: `cuda` or `cpu`.
        recording: only what other devices are compared with is done.
        seconds: that the stage has.
    """

    carried: Path
    work: Path
    out: Path
    device: str
    recording: bool = False
    seconds: float = 3600.0

    def reference(self, stage: str) -> dict[str, Any]:
        """What the CPU recorded for a stage; empty when this run records it."""
        if self.recording:
            return {}
        recorded: dict[str, Any] = read_json(self.carried / "reference.json")
        return recorded.get(stage, {})


def run_stage(name: str, settings: Settings, places: Places) -> bool:
    """Run one stage in this process, and say whether it passed."""
    record = Record(places.out / f"{name}.json", name, places.device)
    with record.item("stage"):
        if device() != places.device:
            raise UserError(f"{places.device} was asked for, PyTorch sees {device()} only: repair the driver")
        importlib.import_module(f"safe_reasoning.gpu_check.{name}").run(record, settings, places)
    return record.finish()


def _start(name: str, command: list[str], log: Path, seconds: float) -> subprocess.Popen[bytes]:
    with open(log, "ab") as handle:
        return subprocess.Popen(
            [*command, "--stage", name, "--seconds", f"{seconds:.1f}"],
            stdout=handle,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End a stage with all that it started."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    process.wait()


def _close(name: str, process: subprocess.Popen[bytes], late: bool, limit: float, places: Places) -> str:
    """The status of a stage that has ended or was stopped, in its file too."""
    path = places.out / f"{name}.json"
    if late:
        close_unfinished(path, name, f"stopped after {limit:.0f} s; what it had is kept")
    elif not path.exists() or read_json(path)["status"] == RUNNING:
        close_unfinished(path, name, f"ended with code {process.returncode}", "failed")
    return str(read_json(path)["status"])


def run_together(
    names: list[str], settings: Settings, places: Places, command: list[str], deadline: float
) -> dict[str, str]:
    """Run stages side by side until each has ended or its time is over.

    Returns:
        Their statuses.
    """
    begin = time.monotonic()
    log = places.out / LOG
    for name in names:
        (places.out / f"{name}.json").unlink(missing_ok=True)
    ends = {name: min(begin + settings.limits[name], deadline) for name in names}
    processes = {name: _start(name, command, log, ends[name] - begin) for name in names}
    statuses: dict[str, str] = {}
    while len(statuses) < len(names):
        for name, process in processes.items():
            late = process.poll() is None and time.monotonic() >= ends[name]
            if name in statuses or (process.returncode is None and not late):
                continue
            _stop(process)
            statuses[name] = _close(name, process, late, ends[name] - begin, places)
            progress(f"{name}: {statuses[name]} after {time.monotonic() - begin:.0f} s")
        time.sleep(0.2)
    return statuses


def run_all(settings: Settings, places: Places, command: list[str], only: list[str]) -> bool:
    """Run the stages in their order, write `summary.json` after each group, and say whether all
    passed.

    Args:
        settings: sizes and limits.
        places: folders and device.
        command: starts this program for one stage, whose name is added.
        only: stages to run; all when empty.
    """
    places.out.mkdir(parents=True, exist_ok=True)
    (places.out / LOG).unlink(missing_ok=True)
    begin = time.monotonic()
    deadline = begin + settings.seconds
    statuses: dict[str, str] = {}
    for group in settings.together:
        names = [name for name in group if not only or name in only]
        if not names:
            continue
        if time.monotonic() >= deadline - 1:
            for name in names:
                close_unfinished(places.out / f"{name}.json", name, "no time was left to start it")
                statuses[name] = "out of time"
        else:
            statuses |= run_together([str(name) for name in names], settings, places, command, deadline)
        summary = {
            "device": places.device,
            "statuses": statuses,
            "seconds": round(time.monotonic() - begin, 1),
        }
        write_json(places.out / SUMMARY, summary)
    print(json.dumps(statuses, indent=1), file=sys.stderr)
    return bool(statuses) and all(status == PASSED for status in statuses.values())
