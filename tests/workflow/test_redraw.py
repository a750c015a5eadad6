"""Redrawing a run from its metrics loads nothing heavy, and what is stored of runs is what the code of now draws."""

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from safe_reasoning.core.files import write_bytes
from safe_reasoning.report import contents
from safe_reasoning.report.claims import scorecard
from safe_reasoning.report.tables import common
from tests.support.drawing import FIGURES, TABLES
from tests.support.metrics_fixture import write_metrics
from tests.support.paths import PUBLISHED, ROOT


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


def redrawn_data(run: Path, out: Path) -> dict[str, bytes]:
    """Every table of a run, and the data of every figure, written again from its metrics."""
    metrics = run / "metrics"
    for item in contents.of_metrics(metrics):
        kind = "figures" if item.is_figure else "tables"
        frame = importlib.import_module(f"safe_reasoning.report.{kind}.{item.name}").data(metrics, PUBLISHED)
        if item.is_figure:
            write_bytes(out / f"figures/{item.name}.csv", frame.to_csv(index=False).encode())
        else:
            common.save(frame, out / f"tables/{item.name}")
    common.save(scorecard.score(metrics), out / "tables/claims")
    return {str(path.relative_to(out)): path.read_bytes() for path in out.glob("*/*")}


STORED = sorted(path.parent.name for path in ROOT.glob("results/reference/*/manifest.json"))


def test_the_stored_runs_are_found():
    assert {"compare", "demo", "demo_replicates", "mini"} <= set(STORED)


@pytest.mark.parametrize("name", STORED)
def test_stored_runs_are_what_the_code_of_now_draws(name: str, tmp_path: Path):
    """Else `python scripts/redraw.py --run results/reference/<run>` was forgotten after a change."""
    run = ROOT / "results/reference" / name
    drawn = redrawn_data(run, tmp_path)
    stored = {str(path.relative_to(run)) for kind in ("csv", "md") for path in run.glob(f"[ft]*/*.{kind}")}
    assert set(drawn) == stored and len(drawn) > 30
    assert [file for file, content in drawn.items() if content != (run / file).read_bytes()] == []
