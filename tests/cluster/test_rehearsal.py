"""The rehearsals of config/paper.yaml and config/one_gpu.yaml, from prompts to report, on the base model of a finished demo."""

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
@pytest.mark.parametrize("name", ["paper", "one_gpu"])
def test_the_rules_fit_together(name: str, tmp_path: Path):
    command = [
        sys.executable,
        "-m",
        f"tools.rehearse_{name}",
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
