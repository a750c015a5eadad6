"""The rehearsal of config/paper.yaml, from its prompts to its report, on the base model of a finished demo."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.paths import ROOT

BASE = ROOT / "results/demo/models/nano/base"


@pytest.mark.slow
@pytest.mark.skipif(
    not (BASE / "training.json").exists(), reason="it stands on the demo's base model: make demo first"
)
def test_the_rules_of_the_paper_fit_together(tmp_path: Path):
    command = [
        sys.executable,
        "-m",
        "tools.rehearse_paper",
        "--base",
        str(BASE),
        "--folder",
        str(tmp_path / "rehearsal"),
    ]
    environment = {key: value for key, value in os.environ.items() if key != "SAFE_REASONING_DATA"}
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=1800, env=environment)
    assert result.returncode == 0, (result.stdout + result.stderr)[-4000:]
    run = tmp_path / "rehearsal/project/results/rehearsal"
    assert (run / "report.html").exists() and (run / "tables/claims.csv").exists()
