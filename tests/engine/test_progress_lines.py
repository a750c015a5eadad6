"""Lines of progress and errors: once where both streams have one reader, in both where a log is apart."""

import subprocess
import sys
from pathlib import Path

from tests.support.paths import ROOT

PROGRAM = [sys.executable, "-c", "from safe_reasoning.core.cli import print_line; print_line('ready')"]


def test_a_pipe_gets_each_line_once():
    both = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    assert subprocess.run(PROGRAM, cwd=ROOT / "src", **both).stdout == "ready\n"
    apart = subprocess.run(PROGRAM, cwd=ROOT / "src", capture_output=True, text=True)
    assert (apart.stdout, apart.stderr) == ("", "ready\n")


def test_a_log_of_its_own_gets_each_line_and_so_does_the_console(tmp_path: Path):
    with (tmp_path / "log").open("w") as log:
        job = subprocess.run(PROGRAM, cwd=ROOT / "src", stdout=subprocess.PIPE, stderr=log, text=True)
    assert job.stdout == (tmp_path / "log").read_text() == "ready\n"
    with (tmp_path / "both").open("w") as both:  # as with `> both 2>&1`
        subprocess.run(PROGRAM, cwd=ROOT / "src", stdout=both, stderr=both)
    assert (tmp_path / "both").read_text() == "ready\n"
