"""How cost grows: time and memory of each stage at 1, 2, 4 and 8 times its work."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks import stages
from benchmarks.runs import alone
from safe_reasoning.core.cli import progress

TITLE = "How cost grows"
TIMES = (1, 2, 4, 8)
RUNS = 3
NOTES = """
Each stage at 1, 2, 4 and 8 times its work, on one thread, each time in a process of its own in
which everything is loaded. The exponent is the slope of log time over log work, fitted over the
four sizes: 1 is linear, less says that a part of the cost is fixed. It is the median of the runs,
with the least and the largest. Memory is the most that the stage took beyond what was loaded. Text
comes from the nano world's corpus, verdicts and rows are made, weights random in the demo's shape;
sampling is by transformers, since vLLM reserves its memory at the start.

About half of what judging takes beyond linear is Python's garbage collector, which visits all rows
that are kept, again and again: processor time per row at 8 times the work was 1.5 times that at
once, and 1.28 times with `gc.disable()` (medians of six trials beside other work).
"""


def measure() -> list[dict[str, Any]]:
    """A row for each stage."""
    with tempfile.TemporaryDirectory() as folder:
        return [_row(name, unit, work) for name, unit, work in stages.prepared(Path(folder))]


def _row(name: str, unit: str, work: Callable[[int], Any]) -> dict[str, Any]:
    """Measure a stage at all sizes, run after run."""
    seconds = np.zeros((RUNS, len(TIMES)))
    memory = np.zeros((RUNS, len(TIMES)))
    for run in range(RUNS):
        for at, times in enumerate(TIMES):
            seconds[run, at], memory[run, at] = alone(partial(_seconds, work, times))
    slopes = sorted(float(np.polyfit(np.log(TIMES), np.log(of_run), 1)[0]) for of_run in seconds)
    progress(f"{name}: {np.median(seconds, 0).round(3)} s, {np.median(memory, 0).round(0)} MiB, {slopes}")
    first, last = np.median(seconds, 0)[[0, -1]]
    return {
        "stage": name,
        "1 times its work": unit,
        "exponent": f"{median(slopes):.2f} ({slopes[0]:.2f} to {slopes[-1]:.2f})",
        "time at 8 over 8 at 1": float(last / (TIMES[-1] * first)),
        "seconds at 1": float(first),
        "seconds at 8": float(last),
        "MiB at 1": float(np.median(memory, 0)[0]),
        "MiB at 8": float(np.median(memory, 0)[-1]),
    }


def _seconds(work: Callable[[int], Any], times: int) -> float:
    begin = time.perf_counter()
    work(times)
    return time.perf_counter() - begin
