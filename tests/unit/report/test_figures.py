"""Figures, tables, claims and report: drawn from metrics alone, the same bytes every time, nothing hidden, nothing from outside."""

import re
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
import pytest
import yaml

from safe_reasoning import config
from safe_reasoning.core.errors import UserError
from safe_reasoning.report import contents
from safe_reasoning.report import metrics as report_metrics
from safe_reasoning.report.claims import scorecard
from safe_reasoning.report.figures import style
from safe_reasoning.report.page import write_report
from safe_reasoning.report.tables import common, table2_main
from tests.support.drawing import FIGURES, TABLES, draw, table
from tests.support.judge_metrics import judge_metrics
from tests.support.made_curves import write_curves
from tests.support.made_run import NOT_MADE
from tests.support.metrics_fixture import write_metrics
from tests.support.paths import PUBLISHED, TEMPLATES, TINY


@pytest.fixture(scope="module")
def metrics(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_curves(write_metrics(tmp_path_factory.mktemp("run") / "metrics"))
    return judge_metrics(folder, ("nano",))


@pytest.fixture(scope="module")
def three_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_metrics(tmp_path_factory.mktemp("three") / "metrics", ("m1", "m2", "m3"))


def test_a_rate_without_many_of_its_answers_has_a_hollow_marker():
    """95 of 100 scored is enough, 94 is not."""
    row = {"seed": "0", "rate": 1.0, "low": 0.9, "high": 1.0}
    frame = pd.DataFrame(
        [
            {**row, "method": "few", "samples": 94, "unscored": 6},
            {**row, "method": "enough", "samples": 95, "unscored": 5},
        ]
    )
    axis = plt.figure().subplots()
    style.dots_by_method(axis, frame, ["few", "enough"], "#009e73")
    faces = {
        line.get_ydata()[0]: line.get_markerfacecolor() for line in axis.lines if line.get_marker() == "o"
    }
    assert faces == {0: "white", 1: "#009e73"}


@pytest.mark.long
@pytest.mark.parametrize("name", FIGURES)
def test_figure_is_drawn_and_is_the_same_every_time(name: str, made_run: Path, tmp_path: Path):
    """The made run is drawn once for all tests, this figure here again."""
    frame = draw(name, made_run / "metrics", tmp_path / name)
    for kind in ("svg", "png", "csv"):
        first, second = (
            (folder / f"{name}.{kind}").read_bytes() for folder in (made_run / "figures", tmp_path)
        )
        assert first == second and len(first) > 100
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / f"{name}.csv"), frame, check_dtype=False)
    svg = (tmp_path / f"{name}.svg").read_text()
    assert "<text" in svg and "<dc:date>" not in svg
    inches = float(re.search(r'width="([\d.]+)pt"', svg)[1]) / 72
    assert inches in (pytest.approx(style.COLUMN), pytest.approx(style.PAGE))


@pytest.mark.long
def test_ten_draws_in_one_process_are_the_same_bytes(made_run: Path, tmp_path: Path):
    """Names of clip paths came from addresses in memory, which repeat or do not."""
    drawn = set()
    for number in range(10):
        draw("fig_main", made_run / "metrics", tmp_path / "fig_main")
        drawn.add((tmp_path / "fig_main.svg").read_bytes())
        assert len(drawn) == 1, f"draw {number} differs"
    assert b"clip0" in drawn.pop()


@pytest.mark.long
@pytest.mark.parametrize("name", FIGURES)
def test_three_models_have_their_panels(name: str, three_models: Path, tmp_path: Path):
    draw(name, three_models, tmp_path / name)
    text = (tmp_path / f"{name}.svg").read_text()
    assert all(f"m{i}" in text for i in (1, 2, 3))


def test_many_models_stand_in_rows():
    """Five in one row were an inch wide: their names and numbers lay over each other."""
    figure, axes = style.panels(pd.DataFrame({"model": [f"m{i}" for i in range(5)]}), 2.0)
    assert [model for model, _ in axes] == ["m0", "m1", "m2", "m3", "m4"] and len(figure.axes) == 5
    assert tuple(figure.get_size_inches()) == (style.PAGE, 4.0)
    assert [axis.get_subplotspec().rowspan.start for _, axis in axes] == [0, 0, 0, 1, 1]
    plt.close(figure)


@pytest.mark.parametrize("name", [FIGURES[0], TABLES[0]])
def test_missing_metrics_are_one_line(name: str, tmp_path: Path):
    """One figure and one table: all of them read with the same function."""
    with pytest.raises(UserError, match="does not exist") as fault:
        table(name, tmp_path)
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


@pytest.mark.parametrize("name", TABLES)
def test_tables_hold_our_rows_and_markdown_is_well_formed(name: str, metrics: Path, tmp_path: Path):
    frame = table(name, metrics)
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


def test_picked_triggers_stand_beside_their_effect_on_held_out_traces(metrics: Path):
    frame = table("table_triggers", metrics)
    held_out = frame["harmful after it, held-out traces, %"]
    assert set(frame["label"]) > {"", "T1"} and ((held_out == "") == (frame["label"] == "")).all()
    rates = report_metrics.read(metrics, "interventions").query("condition == 'trigger' and rounds == 1")
    first = rates[rates["label"] == "T1"].iloc[0]
    expected = f"{100 * first['harmful']:.1f} ["
    assert held_out[frame["label"] == "T1"].iloc[0].startswith(expected)
    assert held_out[frame["label"] == "T1"].iloc[0].endswith(f"of {first['traces']}")


@pytest.mark.long
def test_report_is_one_page_that_needs_nothing_else(made_run: Path):
    metrics = made_run / "metrics"
    raw = yaml.safe_load(TINY.read_text())
    raw["evaluate"]["more_judges"] = []  # what such a run has beside is tested in test_audit.py
    raw["evaluate"] |= NOT_MADE
    raw["methods"] = {name: entry for name, entry in raw["methods"].items() if "policy" not in entry}
    settings = config.validate(raw, "tiny")
    page = write_report(settings, made_run / "figures", made_run / "tables", TEMPLATES)
    assert page.count("<svg") == sum(item.is_figure for item in contents.of_run(settings))
    links = set(re.findall(r'(?:src|href)="(?!#)[^"]*"', page)) - {'href="traces.html"'}
    files = {link.removeprefix('href="').rstrip('"') for link in links}
    assert all(f'<a href="{file}"' in page for file in (*files, "traces.html")), "the page must load nothing"
    drawn = {
        f"{'figures' if item.is_figure else 'tables'}/{item.name}.csv" for item in contents.of_run(settings)
    }
    assert drawn <= files and not [file for file in files if not (made_run / file).is_file()]
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert "A model organism" in page and "not reproduced" in page
    assert all(
        f"{number}</b> {verdict}" in page
        for verdict, number in scorecard.score(metrics)["verdict"].value_counts().items()
    )
    assert "How far the judges can be trusted" not in page
