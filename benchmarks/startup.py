"""What a person waits for: --help of each script, figures drawn again, a run with nothing to do."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.runs import ROOT, seconds_of
from safe_reasoning.core.cli import progress
from tools.project_copy import SNAKEMAKE, copy_project

TITLE = "Waiting: help, figures, a run with nothing to do"
HELP, FIGURES, NOTHING = 1.0, 10.0, 2.0  # seconds that we allow


def measure() -> list[dict[str, Any]]:
    """A row for the slowest scripts' --help, the stored demo's figures, and a finished run."""
    helps = {script.name: _help(script) for script in sorted((ROOT / "scripts").glob("*.py"))}
    for name, seconds in helps.items():
        progress(f"{name} --help: {seconds:.2f} s")
    slowest = sorted(helps, key=lambda name: -helps[name])[:3]
    bare = seconds_of([sys.executable, "-c", "pass"])
    over = sum(seconds > HELP for seconds in helps.values())
    rows = [_row(f"`{name} --help`, of the slowest three", helps[name], HELP) for name in slowest]
    rows.append(
        _row(
            f"median of {len(helps)} scripts' `--help`, {over} over the limit",
            sorted(helps.values())[len(helps) // 2],
            HELP,
        )
    )
    rows.append(_row("Python that does nothing", bare, None))
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "results/demo"
        shutil.copytree(ROOT / "results/reference/demo", run)
        redraw = [sys.executable, str(ROOT / "scripts/redraw.py"), "--run", str(run)]
        rows.append(_row("`make figures` of the stored demo", seconds_of(redraw), FIGURES))
    rows.append(_row("a second Snakemake run of the finished tiny run", _second_run(), NOTHING))
    return rows


def _row(what: str, seconds: float, limit: float | None) -> dict[str, Any]:
    return {
        "what": what,
        "share of the limit": limit and seconds / limit,
        "limit, s": limit,
        "seconds": seconds,
    }


def _help(script: Path) -> float:
    return seconds_of([sys.executable, str(script), "--help"])


def _second_run() -> float:
    """Seconds of a Snakemake run with nothing to do, after the tests' tiny run: three minutes."""
    with tempfile.TemporaryDirectory() as folder:
        project = copy_project(Path(folder))
        command = [*SNAKEMAKE, "--configfile", "tests/tiny.yaml"]
        progress(f"the tiny run: {seconds_of(command, project, runs=1):.0f} s")
        return seconds_of(command, project)
