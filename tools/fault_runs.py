"""A small run in a copy of the project: started, killed, and compared with another."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from safe_reasoning.core.errors import UserError
from safe_reasoning.core.provenance import read_meta
from safe_reasoning.core.records import iter_rows
from tools.project_copy import ROOT, SNAKEMAKE, copy_project

STAGES = {
    "sampling": ("generate_", "sample_", "estimate_csr", "correct_", "build_", "rank_", "attack_"),
    "judging": ("judge_",),
    "training": ("train_",),
    "drawing": ("draw_", "write_", "score_"),
    "metrics": ("summarize_", "measure_", "join_", "compare_"),
}
# Files that a stage made, below the run's folder
OUTPUTS = {
    "sampling": ("generations/**/*.parquet",),
    "judging": ("verdicts/**/*.parquet",),
    "training": ("models/*/*/seed*/training.json",),
    "drawing": ("figures/*.svg", "tables/*.csv", "report.html", "traces.html"),
    "metrics": ("metrics/**/*.csv",),
}
LONGEST = 12.0  # seconds from a start's first job to its kill, at most
METHODS = ("ipo", "dpo_natural", "grpo_zy")


def configuration() -> dict[str, Any]:
    """The tiny run with three methods, without an attack, in small shards."""
    tiny = yaml.safe_load((ROOT / "tests/tiny.yaml").read_text())
    tiny["run"] = "faults"
    tiny["methods"] = {name: tiny["methods"][name] for name in METHODS}
    del tiny["attacks"]
    sets = tiny["prompt_sets"].items()
    tiny["prompt_sets"] = {name: entry for name, entry in sets if "attack" not in entry}
    tiny["engine"]["shard_size"] = 16
    return tiny


class Project:
    """A copy of the project in a folder, with one run in it."""

    def __init__(self, folder: Path, settings: dict[str, Any], cores: int = 1) -> None:
        self.folder, self.run = folder, folder / "results" / settings["run"]
        self.settings, self.cores, self.wanted = settings, cores, list[str]()
        if not folder.exists():
            copy_project(folder)
        if not (folder / "faults.yaml").exists():
            (folder / "faults.yaml").write_text(yaml.safe_dump(settings, sort_keys=False))

    def copied_to(self, folder: Path) -> Project:
        """A copy of the project and its run, times of files included."""
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.folder, folder, symlinks=True)
        return Project(folder, self.settings, self.cores).wanting(self)

    def wanting(self, finished: Project) -> Project:
        """Itself, with every file of a finished run wanted."""
        patterns = [pattern for several in OUTPUTS.values() for pattern in several]
        files = sorted({path for pattern in patterns for path in finished.run.glob(pattern)})
        self.wanted = [str(path.relative_to(finished.folder)) for path in files if is_output(path)]
        return self

    def targets(self) -> list[str]:
        """What the next start is asked for: wanted files that are missing, then all.

        Snakemake makes nothing that is missing where all that is made from it is there. Made with
        the rest, an equal file would have all that is made from it made again.
        """
        return [file for file in self.wanted if not (self.folder / file).exists()] or ["all"]

    def start(self, wrapper: Sequence[str] = ()) -> subprocess.Popen[bytes]:
        """Start the workflow in a session of its own, by another command where one is given."""
        with open(self.folder / "workflow.log", "ab") as log:
            return subprocess.Popen(
                [
                    *wrapper,
                    *SNAKEMAKE[:-1],
                    str(self.cores),
                    "--configfile",
                    "faults.yaml",
                    "--",
                    *self.targets(),
                ],
                cwd=self.folder,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def finish(self) -> None:
        """Run the workflow to its end; UserError where it does not get there."""
        left: list[str] = []
        while left != ["all"]:
            left = self.targets()
            if self.start().wait():
                raise UserError(f"the run did not end: see {self.folder}/workflow.log")

    def metrics(self) -> dict[str, str]:
        """Each metric table as text, without its columns of seconds."""
        found = {}
        for path in sorted((self.run / "metrics").rglob("*.csv")):
            text = path.read_text()
            if text.strip():
                frame = pd.read_csv(path, dtype=str, keep_default_na=False)
                kept = [column for column in frame.columns if not column.endswith("seconds")]
                text = frame[kept].to_csv(index=False)
            found[str(path.relative_to(self.run))] = text
        return found

    def shards(self) -> dict[Path, tuple[int, int, int]]:
        """Finished shards: file number, time of writing and rows of each."""
        found = {}
        for path in sorted(self.run.glob("**/shards/**/*.parquet")):
            if path.with_name(f"{path.name}.meta.json").exists():
                status = path.stat()
                found[path] = (status.st_ino, status.st_mtime_ns, read_meta(path)["rows"])
        return found

    def rows_twice(self) -> int:
        """How many rows stand in two shards of one piece of work."""
        twice = 0
        for folder in {path.parent for path in self.shards()}:
            ids = [row for path in folder.glob("*.parquet") for row in _ids(path)]
            twice += len(ids) - len(set(ids))
        return twice

    def generation_ids(self) -> dict[str, list[str]]:
        """The ids in each file of generations."""
        return {
            str(path.relative_to(self.run)): _ids(path)
            for path in sorted(self.run.glob("generations/**/*.parquet"))
            if "shards" not in path.parts
        }


def _ids(path: Path) -> list[str]:
    return [row["generation_id"] for row in iter_rows(path, "generations", ["generation_id"])]


def differences(one: Project, other: Project) -> list[str]:
    """Metric tables and files of generations in which two runs differ; none: they are equal."""
    ours, theirs = one.metrics(), other.metrics()
    rows, expected = one.generation_ids(), other.generation_ids()
    return [
        *(name for name in sorted({*ours, *theirs}) if ours.get(name) != theirs.get(name)),
        *(name for name in sorted({*rows, *expected}) if rows.get(name) != expected.get(name)),
    ]


def scripts_of(session: int) -> list[str]:
    """Names of the scripts that run in a session, from the first arguments of its processes.

    A script may stand behind the program that starts it (`runtime/start_job.py`).
    """
    names = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if os.getsid(int(process.name)) == session:
                words = (process / "cmdline").read_bytes().decode(errors="replace").split("\0")
                names += [Path(word).stem for word in words[1:4] if word.startswith("scripts/")]
        except (ProcessLookupError, FileNotFoundError):
            continue
    return sorted(names)


def stage_of(script: str) -> str:
    """The stage a script belongs to, "other" for the rest."""
    return next((stage for stage, starts in STAGES.items() if script.startswith(starts)), "other")


def stages_of(scripts: Sequence[str]) -> list[str]:
    """The stages of scripts that run side by side, each once."""
    return sorted({stage_of(script) for script in scripts}) or ["between jobs"]


def kill_at_random(project: Project, chance: random.Random, longest: float = LONGEST) -> list[str] | None:
    """Start a run and kill -9 it with all its jobs, so many seconds after its first at most.

    Returns:
        The scripts that ran then; None when the run ended by itself.
    """
    process, moment = project.start(), chance.uniform(0, longest)
    begin: float | None = None
    while process.poll() is None:
        if begin is None and scripts_of(process.pid):
            begin = time.monotonic()
        if begin is not None and time.monotonic() - begin >= moment:
            running = scripts_of(process.pid)
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return running
        time.sleep(0.05)
    if process.returncode:
        raise UserError(f"the run failed: see {project.folder}/workflow.log")
    return None


def is_output(path: Path) -> bool:
    """Whether a file is what a rule made, and no shard."""
    return path.is_file() and "shards" not in path.parts


def remove(project: Project, *patterns: str) -> None:
    """Remove files below the run's folder; shards stay."""
    for pattern in patterns:
        for path in filter(is_output, list(project.run.glob(pattern))):
            path.unlink()
