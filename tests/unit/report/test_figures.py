"""Figures, tables, claims and report: drawn from metrics alone, the same bytes every time, nothing hidden, nothing from outside."""

import importlib
import os
import re
import subprocess
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
import pytest
import yaml

from safe_reasoning import config
from safe_reasoning.core.errors import UserError
from safe_reasoning.core.files import read_json, sha256, write_bytes, write_json
from safe_reasoning.evaluation.costs import pair_counts
from safe_reasoning.evaluation.steps import step_of, steps
from safe_reasoning.report import metrics as report_metrics
from safe_reasoning.report.claims import estimates, scorecard
from safe_reasoning.report.contents import ITEMS
from safe_reasoning.report.figures import style
from safe_reasoning.report.manifest import write_manifest
from safe_reasoning.report.page import write_report
from safe_reasoning.report.tables import common, table2_main
from tests.support.drawing import FIGURES, TABLES, draw
from tests.support.metrics_fixture import write_metrics
from tests.support.paths import PUBLISHED, ROOT, TEMPLATES


@pytest.fixture(scope="module")
def metrics(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("run")
    write_bytes(run / "config.yaml", b"run: invented")
    return write_metrics(run / "metrics")


@pytest.mark.parametrize("name", FIGURES)
def test_figure_is_drawn_and_is_the_same_every_time(name: str, metrics: Path, tmp_path: Path):
    frame = draw(name, metrics, tmp_path / "a" / name)
    draw(name, metrics, tmp_path / "b" / name)
    for kind in ("svg", "png", "csv"):
        first, second = ((tmp_path / side / f"{name}.{kind}").read_bytes() for side in "ab")
        # matplotlib names clip paths after addresses in memory
        first, second = (re.sub(rb"\bp[0-9a-f]{10}\b", b"clip", x) if kind == "svg" else x for x in (first, second))
        assert first == second and len(first) > 100
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "a" / f"{name}.csv"), frame, check_dtype=False)
    svg = (tmp_path / "a" / f"{name}.svg").read_text()
    assert "<text" in svg and "<dc:date>" not in svg
    inches = float(re.search(r'width="([\d.]+)pt"', svg)[1]) / 72
    assert inches in (pytest.approx(style.COLUMN), pytest.approx(style.PAGE))


@pytest.mark.parametrize("name", FIGURES)
def test_three_models_have_their_panels(name: str, tmp_path: Path):
    draw(name, write_metrics(tmp_path / "metrics", ("m1", "m2", "m3")), tmp_path / name)
    text = (tmp_path / f"{name}.svg").read_text()
    assert all(f"m{i}" in text for i in (1, 2, 3))


@pytest.mark.parametrize("name", FIGURES)
def test_missing_metrics_are_one_line(name: str, tmp_path: Path):
    with pytest.raises(UserError, match="does not exist") as fault:
        draw(name, tmp_path, tmp_path / name)
    assert "\n" not in str(fault.value)


@pytest.mark.parametrize("name", TABLES)
def test_tables_without_metrics_are_one_line(name: str, tmp_path: Path):
    with pytest.raises(UserError, match="does not exist") as fault:
        importlib.import_module(ITEMS[name].module).data(tmp_path, PUBLISHED)
    assert "\n" not in str(fault.value)


def test_empty_metrics_are_one_line(tmp_path: Path):
    (tmp_path / "kl.csv").write_text("\n")
    with pytest.raises(UserError, match="holds no rows"):
        report_metrics.read(tmp_path, "kl")


def test_names_of_lines_do_not_overlap():
    figure, axis = plt.subplots()
    axis.set_ylim(0, 1)
    style.end_labels(axis, 2.0, [(0.9, "a", "k"), (0.95, "b", "k"), (1.0, "c", "k"), (0.0, "d", "k")], 1.0)
    places = sorted(text.get_position()[1] for text in axis.texts)
    plt.close(figure)
    gap = 1.25 * style.SMALL / 72 / 2.0
    assert all(b - a >= gap - 1e-9 for a, b in zip(places, places[1:], strict=False))
    assert places[0] >= 0 and places[-1] <= 1


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


@pytest.mark.parametrize("name", TABLES)
def test_tables_hold_our_rows_and_markdown_is_well_formed(name: str, metrics: Path, tmp_path: Path):
    frame = importlib.import_module(ITEMS[name].module).data(metrics, PUBLISHED)
    common.save(frame, tmp_path / name)
    lines = (tmp_path / f"{name}.md").read_text().splitlines()
    assert len(lines) == len(frame) + 2
    assert len({line.replace("\\|", "").count("|") for line in lines}) == 1


def test_main_table_shows_the_paper_beside_with_marks(metrics: Path):
    frame = table2_main.data(metrics, PUBLISHED)
    paper = frame[frame["model and method"] == "paper, DS-8B, ipo"].iloc[0]
    assert paper["safety_average reasoning"] == "15.3 (A)"
    assert "70.0 [65.0, 75.0]" in set(frame["direct reasoning"])
    assert frame["direct reasoning"].iloc[0] == "n = 40 (120)"
    assert frame["ill-formed traces"].iloc[1] == "3 of 120"


@pytest.mark.parametrize(
    ("low", "high", "threshold", "verdict"),
    [
        (0.1, 0.3, 0.0, "reproduced"),
        (-0.3, -0.1, 0.0, "not reproduced"),
        (-0.1, 0.1, 0.0, "within noise"),
        (0.0, 0.2, 0.0, "within noise"),
        (-0.03, 0.03, -0.05, "reproduced"),
        (float("nan"), float("nan"), 0.0, "not run"),
    ],
)
def test_verdict_follows_the_interval(low: float, high: float, threshold: float, verdict: str):
    assert scorecard.judge(estimates.Estimate((low + high) / 2, low, high), threshold) == verdict


def test_difference_of_two_intervals_adds_by_squares():
    difference = estimates.Estimate(0.5, 0.2, 0.6).minus(estimates.Estimate(0.3, 0.1, 0.7))
    assert (difference.value, difference.low, difference.high) == pytest.approx((0.2, 0.2 - 0.5, 0.2 + (0.01 + 0.04) ** 0.5))


def test_scorecard_reaches_every_verdict(metrics: Path, tmp_path: Path):
    card = scorecard.score(metrics).set_index("id")["verdict"]
    assert len(card) == len(scorecard.CLAIMS) and "not run" not in set(card)
    for name in (
        "safe_z_safe_y",
        "reward_z",
        "interventions_fall",
        "triggers_beat_neutral",
        "ipo_lowers_reasoning",
        "over_thirty",
        "fewer_generations",
    ):
        assert card[name] == "reproduced", name
    assert set(scorecard.score(tmp_path)["verdict"]) == {"not run"}
    turned = write_metrics(tmp_path / "turned")
    paired = pd.read_csv(turned / "paired_differences.csv")
    paired[["difference", "low", "high"]] = -paired[["difference", "high", "low"]].to_numpy()
    paired.to_csv(turned / "paired_differences.csv", index=False)
    assert scorecard.score(turned).set_index("id")["verdict"]["ipo_lowers_reasoning"] == "not reproduced"


def test_a_missing_table_is_not_run_and_no_crash(tmp_path: Path):
    folder = write_metrics(tmp_path / "metrics")
    tables = sorted(folder.glob("*.csv"))
    assert len(tables) > 15
    for path in tables:
        content = path.read_bytes()
        path.unlink()
        assert set(scorecard.score(folder)["verdict"]) <= set(scorecard.VERDICTS), path.stem
        path.write_bytes(content)


def test_weakest_comparison_decides(metrics: Path, tmp_path: Path):
    """IPO against every baseline: one baseline that does as well is enough to lose `reproduced`."""
    folder = write_metrics(tmp_path / "metrics")
    rates = pd.read_csv(folder / "rates.csv")
    of_ipo, of_grpo = (rates["method"] == m for m in ("ipo_stage2", "grpo_y"))
    rates.loc[of_grpo, ["rate", "low", "high"]] = rates.loc[of_ipo, ["rate", "low", "high"]].to_numpy()
    rates.to_csv(folder / "rates.csv", index=False)
    assert scorecard.score(metrics).set_index("id")["verdict"]["ipo_best_reasoning"] == "reproduced"
    assert scorecard.score(folder).set_index("id")["verdict"]["ipo_best_reasoning"] == "within noise"


def test_no_percentage_is_told_of_a_baseline_without_harm(tmp_path: Path):
    folder = write_metrics(tmp_path / "metrics")
    rates = pd.read_csv(folder / "rates.csv")
    rates.loc[(rates["method"] == "grpo_zy") & (rates["measure"] == "harmful"), ["rate", "low", "high"]] = 0.0
    rates.to_csv(folder / "rates.csv", index=False)
    row = scorecard.score(folder).set_index("id").loc["over_thirty"]
    assert row["verdict"] == "not run" and "GRPO (z + y) leaves no harm" in row["ours"]


def test_without_stage_2_ipo_is_stage_1(tmp_path: Path):
    folder = write_metrics(tmp_path / "metrics")
    for table in ("rates_by_seed", "rates", "paired_differences", "kl"):
        frame = pd.read_csv(folder / f"{table}.csv")
        frame[frame["method"] != "ipo_stage2"].to_csv(folder / f"{table}.csv", index=False)
    card = scorecard.score(folder).set_index("id")
    assert card["verdict"]["ipo_best_reasoning"] == "reproduced" and "IPO (stage 1)" in card["ours"]["ipo_best_reasoning"]
    assert card["verdict"]["stage2_complies"] == "not run"


def test_pairs_that_each_seed_has_anew_are_told_apart():
    files = {"natural": {"schema": "pairs", "source": "natural", "rows": 5}}
    files |= {f"overrefusal_seed{seed}": {"schema": "pairs", "source": "overrefusal", "rows": 3 + seed} for seed in (0, 1)}
    found = [(row["source"], row["seed"], row["pairs"]) for row in pair_counts(files)]
    assert found == [("natural", "", 5), ("overrefusal", "0", 3), ("overrefusal", "1", 4)]


def test_steps_add_up_files_of_one_kind(tmp_path: Path):
    write_json(tmp_path / "models/m/base/training.json", {"seconds": 10.0})
    for method, seconds in (("ipo", 2.0), ("sft", 3.0)):
        write_json(tmp_path / f"models/m/{method}/seed0/training.json", {"seconds": seconds, "generations": 5})
    write_json(tmp_path / "pairs/m/natural.parquet.meta.json", {"sampling_seconds": 1.5, "generated_tokens": 7})
    files = [*sorted(tmp_path.rglob("training.json")), tmp_path / "pairs/m/natural.parquet"]
    found = {row["step"]: row for row in steps(files)}
    assert found["training"] == {"step": "training", "files": 2, "generations": 10, "generated_tokens": 0, "seconds": 5.0}
    assert found["base model"]["seconds"] == 10.0 and found["pairs"]["generated_tokens"] == 7
    with pytest.raises(UserError, match="belongs to no step"):
        step_of(tmp_path / "other.parquet")


def test_manifest_holds_every_form_and_is_stable(tmp_path: Path):
    for form in ("png", "svg", "csv"):
        write_bytes(tmp_path / f"figures/a.{form}", form.encode())
    write_bytes(tmp_path / "metrics/m.csv", b"x")
    write_bytes(tmp_path / "metrics/m.csv.meta.json", b"{}")
    with pytest.raises(UserError, match=r"config\.yaml does not exist"):
        write_manifest(tmp_path, tmp_path / "manifest.json")
    write_bytes(tmp_path / "config.yaml", b"run: x")
    for name in ("one.json", "two.json"):
        write_manifest(tmp_path, tmp_path / name)
    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "two.json").read_bytes()
    assert set(read_json(tmp_path / "one.json")["files"]) == {
        "config.yaml",
        "metrics/m.csv",
        "figures/a.csv",
        "figures/a.png",
        "figures/a.svg",
    }


@pytest.mark.parametrize("run", ["demo", "mini"])
def test_committed_evidence_is_what_its_manifest_says(run: str):
    folder = ROOT / "results" / run
    files = read_json(folder / "manifest.json")["files"]
    assert {path for path in files if sha256(folder / path) != files[path]["sha256"]} == set()
    assert {f"figures/{name}.svg" for name in FIGURES} <= set(files)


def test_report_is_one_page_that_needs_nothing_else(metrics: Path, tmp_path: Path):
    for name in FIGURES:
        draw(name, metrics, tmp_path / "figures" / name)
    for name in TABLES:
        common.save(importlib.import_module(ITEMS[name].module).data(metrics, PUBLISHED), tmp_path / "tables" / name)
    common.save(scorecard.score(metrics), tmp_path / "tables" / "claims")
    raw = yaml.safe_load((ROOT / "tests/tiny.yaml").read_text())
    raw["evaluate"]["more_judges"] = []  # what such a run has beside is tested in test_audit.py
    settings = config.validate(raw, "tiny")
    page = write_report(settings, tmp_path / "figures", tmp_path / "tables", TEMPLATES)
    assert page.count("<svg") == len(FIGURES)
    links = re.findall(r'(?:src|href)="(?!#)[^"]*"', page)
    assert links == ['href="traces.html"'] and '<a href="traces.html"' in page, "the page must load nothing"
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert "A model organism" in page and "not reproduced" in page
    assert all(f"{number}</b>{verdict}" in page for verdict, number in scorecard.score(metrics)["verdict"].value_counts().items())
    assert "How far the judges can be trusted" not in page
