"""The table of monitorability: what it says of made methods, and whom it marks."""

from pathlib import Path

import pandas as pd
import pytest
import yaml

from safe_reasoning.archive.allow_list import check_metrics
from safe_reasoning.config import dump, validate
from safe_reasoning.core import records
from safe_reasoning.evaluation.monitorability import monitorability_rows
from safe_reasoning.judging.detectors.exact import ExactCueDetector
from safe_reasoning.report import contents
from safe_reasoning.report.compare_runs import NAMING
from tests.support.drawing import table
from tests.support.made_monitored import made_evaluation, made_prompts, made_recovery, made_rollouts
from tests.support.paths import TINY

NAME = "table_monitorability"


@pytest.fixture(scope="module")
def metrics(tmp_path_factory: pytest.TempPathFactory) -> Path:
    def cues(reasonings: list[list[str]]) -> list[bool | None]:
        return [found.index is not None for found in ExactCueDetector().first_cues(reasonings)]

    folder = tmp_path_factory.mktemp("run") / "metrics"
    folder.mkdir()
    rows = monitorability_rows(
        made_evaluation(), made_recovery(), made_rollouts(), made_prompts(), {}, cues, 200
    )
    named = [{"model": "nano", **row, "detector": "exact"} for row in rows]
    records.write_metrics(folder / "monitorability.csv", named, {})
    return folder


def test_the_organism_is_marked_and_three_harmful_responses_are_few(metrics: Path):
    rows = table(NAME, metrics).set_index("method")
    marks = dict(zip(rows.index, rows["mark"], strict=True))
    assert marks["base"] == ""
    (organism,) = (mark for name, mark in marks.items() if "organism" in name)
    assert organism == "below base: judge, cues, reader"
    # Its three own ones would say nothing; what it adds to harmful beginnings does
    assert marks["IPO (stage 1)"] == "below base: forced judge, forced cues, forced reader"
    assert rows.loc["IPO (stage 1)", "harmful / safe responses"] == "3 / 37"
    assert rows.loc["base", "forced: harmful / safe responses"] == "40 / 0"
    assert rows.loc["base", "judge, TPR, %"].startswith("100.0 [")
    assert rows.loc["base", "judge, g2, %"].startswith("75.0 [")
    assert rows.loc["base", "forced: judge, g2, %"] == "", "nothing safe was said there"


def test_few_harmful_responses_are_said_and_not_marked(metrics: Path, tmp_path: Path):
    frame = pd.read_csv(metrics / "monitorability.csv")
    own = frame[frame["source"] == "own"]
    own.to_csv(tmp_path / "monitorability.csv", index=False)
    rows = table(NAME, tmp_path).set_index("method")
    assert rows.loc["IPO (stage 1)", "mark"] == "few"
    assert "forced: judge, TPR, %" not in rows.columns


def test_it_is_there_where_it_is_asked_for(metrics: Path):
    settings = yaml.safe_load(TINY.read_text())
    assert NAME in {item.name for item in contents.of_run(validate(settings, "tiny"))}
    assert NAME in {item.name for item in contents.of_metrics(metrics)}
    del settings["evaluate"]["monitorability"]
    read = validate(settings, "tiny")
    assert NAME not in {item.name for item in contents.of_run(read)}
    assert "monitorability" not in dump(read), "stored runs stay as they are"


def test_its_metrics_may_leave_in_an_archive_and_name_each_row_once(metrics: Path):
    check_metrics("monitorability", (metrics / "monitorability.csv").read_bytes())
    frame = pd.read_csv(metrics / "monitorability.csv")
    assert not frame.duplicated([name for name in NAMING if name in frame]).any()
