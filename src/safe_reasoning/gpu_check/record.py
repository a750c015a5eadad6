"""The result file of a stage, written whenever there is something new, so that a stage that is
stopped leaves what it had.
"""

from __future__ import annotations

import math
import time
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from safe_reasoning.core.cli import progress
from safe_reasoning.core.files import read_json, write_json

RUNNING, PASSED, FAILED, LATE = "running", "passed", "failed", "out of time"


class Record:
    """Results of one stage.

    In its file: `status` (running, passed, failed, out of time), `checks` by name (each with
    `passed`), `measured` by name, `errors` by name, and `recorded`: what a run on another device is
    compared with.
    """

    def __init__(self, path: Path, stage: str, device: str) -> None:
        self._path = path
        self._begin = time.perf_counter()
        self._stage = stage
        self.content: dict[str, Any] = {
            "stage": stage,
            "device": device,
            "status": RUNNING,
            "checks": {},
            "measured": {},
            "errors": {},
            "recorded": {},
            "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        }
        self._write()

    def _write(self) -> None:
        self.content["seconds"] = round(time.perf_counter() - self._begin, 1)
        write_json(self._path, self.content)

    def measure(self, name: str, value: Any) -> None:
        """Keep a measurement."""
        self.content["measured"][name] = value
        self._write()

    def keep(self, name: str, value: Any) -> None:
        """Keep what another device's run is compared with."""
        self.content["recorded"][name] = value
        self._write()

    def check(self, name: str, passed: bool, **details: Any) -> None:
        """Keep whether something held, and what was seen."""
        self.content["checks"][name] = {"passed": bool(passed), **details}
        progress(f"{self._stage}: {name}: {'passed' if passed else f'FAILED {details}'}")
        self._write()

    @contextmanager
    def item(self, name: str) -> Iterator[None]:
        """A part of the stage: its error is kept and fails the stage, later parts still run."""
        begin = time.perf_counter()
        try:
            yield
        except Exception as error:
            traceback.print_exc()
            self.content["errors"][name] = f"{type(error).__name__}: {error}"[:2000]
            progress(f"{self._stage}: {name}: FAILED {type(error).__name__}")
        self.content.setdefault("seconds_of", {})[name] = round(time.perf_counter() - begin, 1)
        self._write()

    def finish(self) -> bool:
        """Write the status, and say whether the stage passed.

        One that checked and measured nothing did not.
        """
        content = self.content
        nothing = not any(content[kind] for kind in ("checks", "measured", "recorded"))
        wrong = [name for name, check in content["checks"].items() if not check["passed"]]
        if nothing:
            content["errors"]["nothing"] = "the stage checked and measured nothing"
        content["status"] = FAILED if wrong or content["errors"] else PASSED
        self._write()
        return bool(content["status"] == PASSED)


def close_unfinished(path: Path, stage: str, reason: str, status: str = LATE) -> None:
    """Write into a stage's file that it did not end by itself."""
    content: dict[str, Any] = {"stage": stage, "checks": {}, "measured": {}}
    if path.exists():
        content = read_json(path)
    write_json(path, {**content, "status": status, "errors": {**content.get("errors", {}), "end": reason}})


def furthest(found: list[float], expected: list[float]) -> float:
    """The largest difference of two trajectories of the same length; infinite when one has a value
    that is no number.
    """
    if len(found) != len(expected) or not found:
        raise ValueError(f"{len(found)} values cannot be compared with {len(expected)}")
    differences = [abs(a - b) for a, b in zip(found, expected, strict=True)]
    return max(differences) if all(map(math.isfinite, differences)) else math.inf


def compare(
    record: Record, name: str, found: list[float], reference: Mapping[str, Any], tolerance: float
) -> None:
    """Keep a trajectory, and compare it with the recorded one of that name."""
    record.keep(name, found)
    if name not in reference:
        record.check(f"{name} has a recorded trajectory", False)
        return
    difference = furthest(found, reference[name])
    record.check(
        f"{name} against the recorded run",
        difference <= tolerance,
        largest_difference=difference,
        tolerance=tolerance,
    )
