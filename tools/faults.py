"""Faults other than a kill, each in a copy of a finished run.

Full disk, damaged and vanished files, two workflows on one folder, a clock that jumps back.

Each removes some of the run's files, so that there is work to do, and ends with the metrics of the
uninterrupted run, after the repair that the error names where there is one.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from safe_reasoning.core.errors import UserError
from tools.fault_runs import Project, differences, remove

BASE = "nano/base/seed0/evaluation"
LATER = 3600.0  # seconds that the clock jumps back
REPAIR = re.compile(r"error: .*?(?P<path>results/\S+?)(?: is not| holds no| is damaged)")


def errors_of(project: Project, since: float) -> list[str]:
    """The errors in logs written since a time, by line; UserError where one is a traceback."""
    found = []
    for path in sorted(project.run.glob("logs/**/*.log")):
        if path.stat().st_mtime < since:
            continue
        text = path.read_text()
        if "Traceback (most recent call last)" in text:
            raise UserError(f"{path} ends in a traceback: {text.splitlines()[-1]}")
        found += [line for line in text.splitlines() if line.startswith("error: ")]
    return sorted(set(found))


def failing(project: Project, wrapper: tuple[str, ...] = ()) -> list[str]:
    """Start a run that has to fail, and return its errors."""
    since = time.time() - 1
    if project.start(wrapper).wait() == 0:
        raise UserError("the run did not notice the fault")
    found = errors_of(project, since)
    if not found:
        raise UserError(f"the run failed without a line of its own: see {project.folder}/workflow.log")
    return found


def repaired(project: Project) -> str:
    """Start a run, delete what its error says and start again; returns the error."""
    lines = failing(project)
    match = REPAIR.search(lines[0])
    if match is None or not (project.folder / match["path"]).exists():
        raise UserError(f"no file to delete in {lines[0]!r}")
    path = project.folder / match["path"]
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    project.finish()
    return lines[0]


def full_disk(project: Project, folder: str, space: int) -> str:
    """A folder on a disk that is full after so many bytes, for one start; then there is room."""
    place = project.run / folder
    shutil.rmtree(place)
    place.mkdir()
    wrapper = ("bwrap", "--dev-bind", "/", "/", "--size", str(space), "--tmpfs", str(place), "--")
    lines = failing(project, wrapper)
    if not all("no space left on the disk" in line for line in lines):
        raise UserError(f"a full disk was reported as {lines[0]!r}")
    project.finish()
    return lines[0]


def truncated_shard(project: Project) -> str:
    """A shard that lost its end, and one with another byte in its middle."""
    remove(project, "generations/nano/ipo/**/*.parquet")
    before = project.shards()
    cut, changed = [path for path in before if "ipo" in path.parts][:2]
    os.truncate(cut, cut.stat().st_size // 2)
    damage(changed)
    project.finish()
    now = project.shards()
    again = {path for path in before if now[path] != before[path]}
    if again != {cut, changed}:
        raise UserError(f"{len(again)} shards were sampled again, two were damaged")
    return f"{sum(before[path][2] for path in again)} rows of the two shards sampled again, no other"


def corrupted_parquet(project: Project, file: str, made_from_it: str) -> str:
    """A finished file of rows that was damaged, when something is to be made from it again."""
    path = project.run / file
    times = path.stat()
    damage(path)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    remove(project, made_from_it)
    return repaired(project)


def damage(path: Path) -> None:
    """Change a bit in every hundredth byte of a file's first two thirds."""
    content = bytearray(path.read_bytes())
    for place in range(50, len(content) * 2 // 3, 100):
        content[place] ^= 1
    path.write_bytes(content)


def vanished_model(project: Project) -> str:
    """The folder of a trained model is gone after its evaluation."""
    before = project.shards()
    shutil.rmtree(project.run / "models/nano/ipo")
    project.finish()
    now = project.shards()
    again = sum(rows for path, (_, _, rows) in now.items() if before.get(path) != now[path])
    return f"trained again; {again} rows sampled again"


def vanished_weights(project: Project) -> str:
    """The weights of a model are gone and its marker is there, when it is to be sampled."""
    shutil.rmtree(project.run / "generations/nano/ipo")
    (project.run / "models/nano/ipo/seed0/model.safetensors").unlink()
    return repaired(project)


def two_workflows(project: Project) -> str:
    """Two Snakemakes at once on one folder."""
    remove(project, "verdicts/nano/ipo/**/*.parquet", "figures/fig[24]*")
    both = [project.start(), project.start()]
    if any([process.wait() for process in both]):
        raise UserError(f"one of two workflows failed: see {project.folder}/workflow.log")
    waited = "another run works in" in (project.folder / "workflow.log").read_text()
    return "one waited for the other" if waited else "neither had to wait"


def clock_jumps_back(project: Project) -> str:
    """All files are from the future, as after a jump of the clock; then there is nothing to do."""
    remove(project, "verdicts/nano/ipo/**/*.parquet", "figures/fig[24]*")
    set_files_later(project)
    project.finish()
    log = project.folder / "workflow.log"
    before = len(log.read_text())
    project.finish()
    if "Nothing to be done" not in log.read_text()[before:]:
        raise UserError("a second run after the jump found something to do")
    return "went on; a second run had nothing to do"


def set_files_later(project: Project) -> None:
    """Give all files of a project and its run times of LATER seconds later."""
    for path in project.folder.rglob("*"):
        if not path.is_symlink():
            times = path.stat()
            os.utime(path, (times.st_atime + LATER, times.st_mtime + LATER))


FAULTS: dict[str, Callable[[Project], str]] = {
    "full-disk-sampling": lambda p: full_disk(p, "generations/nano/ipo", 8192),
    "full-disk-judging": lambda p: full_disk(p, "verdicts/nano/base", 8192),
    "full-disk-training": lambda p: full_disk(p, "models/nano/ipo", 200_000),
    "full-disk-drawing": lambda p: full_disk(p, "figures", 40_000),
    "truncated-shard": truncated_shard,
    "corrupted-generations": lambda p: corrupted_parquet(
        p, f"generations/{BASE}.parquet", f"verdicts/{BASE}.exact.parquet"
    ),
    "corrupted-verdicts": lambda p: corrupted_parquet(
        p, f"verdicts/{BASE}.exact.parquet", "metrics/nano/rates.csv"
    ),
    "vanished-model-folder": vanished_model,
    "vanished-weights": vanished_weights,
    "two-workflows": two_workflows,
    "clock-jumps-back": clock_jumps_back,
}


def inject(name: str, reference: Project, folder: Path) -> str:
    """One fault in a copy of a finished run; returns what was seen, UserError where it did harm."""
    if name.startswith("full-disk") and not can_fill_a_disk():
        return "skipped: bubblewrap cannot mount a disk of a given size here"
    project = reference.copied_to(folder)
    seen = FAULTS[name](project)
    if found := differences(project, reference):
        raise UserError(f"{name}: the run ended with other results: {', '.join(found)}")
    shutil.rmtree(folder)
    return seen


def can_fill_a_disk() -> bool:
    """Whether bubblewrap is there and may mount a disk of a given size."""
    wrapper = ["bwrap", "--dev-bind", "/", "/", "--size", "4096", "--tmpfs", "/mnt", "--", "true"]
    return shutil.which("bwrap") is not None and subprocess.run(wrapper, capture_output=True).returncode == 0
