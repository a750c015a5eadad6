"""Measurements of programs and functions: seconds, peak memory, medians of several runs."""

from __future__ import annotations

import gc
import multiprocessing
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).parents[1]


def seconds_of(command: Sequence[str], folder: Path = ROOT, runs: int = 3) -> float:
    """Median wall time of a program, in seconds, with the package of that folder.

    One that fails is an error that holds its words.
    """
    return median(_once(command, folder) for _ in range(runs))


def _once(command: Sequence[str], folder: Path) -> float:
    environment = {**os.environ, "PYTHONPATH": str(folder / "src")}
    begin = time.perf_counter()
    result = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    seconds = time.perf_counter() - begin
    if result.returncode:
        raise RuntimeError(f"{' '.join(command)}: {result.stderr[-2000:]}")
    return seconds


def alone(work: Callable[[], Any]) -> tuple[Any, float]:
    """What a function gives in a process of its own, and the memory that it took there, in MiB.

    The process is a fork: what is loaded already costs neither time nor memory. Memory is the
    highest resident size less that at the start, so it holds what the function keeps and what it
    throws away again.
    """
    here, there = multiprocessing.get_context("fork").Pipe(duplex=False)
    process = multiprocessing.get_context("fork").Process(target=_send, args=(work, there))
    process.start()
    there.close()
    try:
        return here.recv()
    except EOFError:
        raise RuntimeError("the measured process ended without a result") from None
    finally:
        process.join()


def _send(work: Callable[[], Any], there: Any) -> None:
    gc.collect()
    before = _resident("VmRSS")
    found = work()
    there.send((found, _resident("VmHWM") - before))
    there.close()
    sys.stdout.flush()


def _resident(name: str) -> float:
    """A line of the kernel's account of this process's memory, in MiB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(f"{name}:"))
