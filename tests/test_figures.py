"""Figures, tables, claims and report: drawn from metrics alone, the same bytes every time, nothing hidden, nothing from outside."""

import importlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import yaml

from safe_reasoning import claims, config, tables
from safe_reasoning.errors import UserError
from safe_reasoning.figures import FIGURES, style
from safe_reasoning.report import SECTIONS, write_report
from tests.metrics_fixture import write_metrics

ROOT = Path(__file__).parents[1]
PUBLISHED = ROOT / "results/published"
CAPTIONS = ROOT / "workflow/report"


@pytest.fixture(scope="module")
def metrics(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_metrics(tmp_path_factory.mktemp("run") / "metrics")


def draw(name: str, metrics: Path, stem: Path) -> pd.DataFrame:
    module = importlib.import_module(f"safe_reasoning.figures.{name}")
    frame = module.data(metrics, PUBLISHED)
    style.save(module.draw(frame), frame, stem)
    return frame


@pytest.mark.parametrize("name", FIGURES)
def test_figure_is_drawn_and_is_the_same_every_time(name: str, metrics: Path, tmp_path: Path):
    frame = draw(name, metrics, tmp_path / "a" / name)
    draw(name, metrics, tmp_path / "b" / name)
    for kind in ("svg", "png", "csv"):
        first, second = ((tmp_path / side / f"{name}.{kind}").read_bytes() for side in "ab")
        assert first == second and len(first) > 100
    assert len(pd.read_csv(tmp_path / "a" / f"{name}.csv")) == len(frame)


@pytest.mark.parametrize("name", FIGURES)
def test_three_models_have_their_panels(name: str, tmp_path: Path):
    draw(name, write_metrics(tmp_path / "metrics", ("m1", "m2", "m3")), tmp_path / name)
    text = (tmp_path / f"{name}.svg").read_text()
    assert all(f"m{i}" in text for i in (1, 2, 3))


@pytest.mark.parametrize("name", FIGURES)
def test_missing_metrics_are_one_line(name: str, tmp_path: Path):
    with pytest.raises(UserError, match="does not exist"):
        draw(name, tmp_path, tmp_path / name)


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
    assert len(list((metrics.parent / "tables").glob("*.md"))) == len(tables.TABLES) + 1


@pytest.mark.parametrize("name", tables.TABLES)
def test_tables_hold_our_rows_and_markdown_is_well_formed(name: str, metrics: Path, tmp_path: Path):
    frame = getattr(tables, name)(metrics, PUBLISHED)
    tables.save(frame, tmp_path / name)
    lines = (tmp_path / f"{name}.md").read_text().splitlines()
    assert len(lines) == len(frame) + 2
    assert len({line.replace("\\|", "").count("|") for line in lines}) == 1


def test_main_table_shows_the_paper_beside_with_marks(metrics: Path):
    frame = tables.table2_main(metrics, PUBLISHED)
    paper = frame[frame["model and method"] == "paper, DS-8B, ipo"].iloc[0]
    assert paper["safety_average reasoning"] == "15.3 (A)"
    assert "70.0 [65.0, 75.0]" in set(frame["direct reasoning"])


@pytest.mark.parametrize(
    ("low", "high", "above", "verdict"),
    [
        (0.1, 0.3, True, "reproduced"),
        (-0.3, -0.1, True, "not reproduced"),
        (-0.1, 0.1, True, "within noise"),
        (-0.3, -0.1, False, "reproduced"),
        (0.1, 0.3, False, "not reproduced"),
        (float("nan"), float("nan"), True, "not run"),
    ],
)
def test_verdict_follows_the_interval(low: float, high: float, above: bool, verdict: str):
    assert claims.judge(claims.Effect((low + high) / 2, low, high, ""), 0.0, above) == verdict


def test_scorecard_reaches_every_verdict(metrics: Path, tmp_path: Path):
    card = claims.score(metrics).set_index("id")["verdict"]
    assert len(card) == len(claims.CLAIMS) and card["ipo_lowers_reasoning"] == "reproduced"
    assert card["safe_z_safe_y"] == "reproduced" and card["fewer_generations"] == "reproduced"
    assert set(claims.score(tmp_path)["verdict"]) == {"not run"}
    turned = write_metrics(tmp_path / "turned")
    paired = pd.read_csv(turned / "paired.csv")
    paired[["difference", "low", "high"]] = -paired[["difference", "high", "low"]].to_numpy()
    paired.to_csv(turned / "paired.csv", index=False)
    assert claims.score(turned).set_index("id")["verdict"]["ipo_lowers_reasoning"] == "not reproduced"


def test_weakest_comparison_decides(metrics: Path, tmp_path: Path):
    """IPO against every baseline: one baseline that does as well is enough to lose `reproduced`."""
    folder = write_metrics(tmp_path / "metrics")
    paired = pd.read_csv(folder / "paired.csv")
    chosen = (paired["method"] == "grpo_y") & (paired["reference"] == "ipo")
    paired.loc[chosen, ["difference", "low", "high"]] = [0.0, -0.05, 0.05]
    paired.to_csv(folder / "paired.csv", index=False)
    assert claims.score(metrics).set_index("id")["verdict"]["ipo_best_reasoning"] == "reproduced"
    assert claims.score(folder).set_index("id")["verdict"]["ipo_best_reasoning"] == "within noise"


def test_report_is_one_page_that_needs_nothing_else(metrics: Path, tmp_path: Path):
    for name in FIGURES:
        draw(name, metrics, tmp_path / "figures" / name)
    for name in tables.TABLES:
        tables.save(getattr(tables, name)(metrics, PUBLISHED), tmp_path / "tables" / name)
    tables.save(claims.score(metrics), tmp_path / "tables" / "claims")
    settings = config.validate(yaml.safe_load((ROOT / "tests/tiny.yaml").read_text()), "tiny")
    page = write_report(settings, tmp_path / "figures", tmp_path / "tables", CAPTIONS)
    assert page.count("<svg") == len(FIGURES)
    assert not re.findall(r'(?:src|href)="(?!#)[^"]*"', page), "the page must load nothing"
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert "model organism" in page and "not reproduced" in page
    assert {name for _, items in SECTIONS for name in items} == {*FIGURES, *tables.TABLES}
