"""Redrawing a run from its metrics loads nothing heavy."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from safe_reasoning.core.files import write_bytes
from tests.support.drawing import FIGURES, TABLES
from tests.support.metrics_fixture import write_metrics
from tests.support.paths import ROOT


@pytest.fixture(scope="module")
def metrics(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("run")
    write_bytes(run / "config.yaml", b"run: invented")
    return write_metrics(run / "metrics")


def test_redrawing_imports_no_torch(metrics: Path):
    code = (
        "import sys, runpy; sys.argv = ['redraw', '--run', sys.argv[1]]; "
        f"runpy.run_path('{ROOT}/scripts/redraw.py', run_name='__main__'); "
        "assert not {'torch', 'vllm', 'transformers', 'trl'} & set(sys.modules)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code, str(metrics.parent)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
    )
    assert result.returncode == 0, result.stderr
    assert len(list((metrics.parent / "figures").glob("*.svg"))) == len(FIGURES)
    assert len(list((metrics.parent / "tables").glob("*.md"))) == len(TABLES) + 1
