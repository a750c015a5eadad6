"""The tables of further measures of stored generations."""

from pathlib import Path

import pandas as pd
import pytest
import yaml

from safe_reasoning.archive.allow_list import check_metrics
from safe_reasoning.config import validate
from safe_reasoning.core import records
from safe_reasoning.evaluation.chunks import chunk_rows
from safe_reasoning.evaluation.consistency import consistency_rows
from safe_reasoning.evaluation.leaks import leak_rows
from safe_reasoning.judging.chunk_marks import exact_marks
from safe_reasoning.report import contents
from tests.support.drawing import table
from tests.support.made_samples import ROLES, made_generations, made_prompts, made_verdicts
from tests.support.paths import TINY

NAMES = {"table_consistency", "table_leaks", "table_chunks"}


def write(folder: Path, name: str, rows: list[dict]) -> None:
    records.write_metrics(folder / f"{name}.csv", [{"model": "nano", **row} for row in rows], {})


@pytest.fixture(scope="module")
def metrics(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run") / "metrics"
    folder.mkdir()
    asked = (ROLES, {}, {"base"}, 200)
    write(folder, "consistency", consistency_rows(made_verdicts(), *asked))
    write(folder, "leaks", leak_rows(made_verdicts(), *asked))
    write(folder, "chunks", chunk_rows(made_generations(), made_prompts(), exact_marks, *asked))
    return folder


def test_several_samples_of_a_prompt_at_the_largest_number(metrics: Path):
    rows = table("table_consistency", metrics).set_index(["method", "part"])
    assert set(rows["K"]) == {3} and len(rows) == 6
    base = rows.loc[("base", "response")]
    assert base["Safe@1"].startswith("50.0 [") and base["Safe@K"].startswith("50.0 [")
    joint = rows.loc[("base", "joint")]
    assert joint["Safe@1"].startswith("16.7 [") and joint["Safe@K"].startswith("0.0 [")
    assert joint["best of K harmful"].startswith("100.0 [")
    ipo = rows.loc[("IPO (stage 1)", "joint")]
    assert (ipo["prompts"], ipo["left out"]) == (19, 1) and ipo["ConsSafe@K"].startswith("100.0 [")


def test_leaks_and_escapes_of_every_method(metrics: Path):
    rows = table("table_leaks", metrics).set_index("method")
    base = rows.loc["base"]
    shares = {name: float(base[name].split(" ")[0]) for name in ("leak", "escape", "DSAR")}
    assert shares == {"leak": 33.3, "escape": 16.7, "DSAR": 50.0}
    assert base["both harmful"].startswith("33.3 [") and base["both safe"].startswith("16.7 [")
    ipo = rows.loc["IPO (stage 1)"]
    assert (ipo["generations"], ipo["unscored"]) == (59, 1) and ipo["leak"].startswith("1.7 [")


def test_risk_along_reasonings(metrics: Path):
    rows = table("table_chunks", metrics).set_index("method")
    base = rows.loc["base"]
    cells = {name: float(base[name].split(" ")[0]) for name in base.index if name.endswith("%")}
    # Half of the reasonings are 4 sentences with a step at the third, half 4 with a trigger first
    assert cells == {
        "risk, %": 12.5,
        "late risk, %": 15.0,
        "defence, %": 37.5,
        "aware, %": 50.0,
        "onset, %": 75.0,
        "converted, %": 0.0,
    }
    assert (base["reasonings"], base["with risk"], base["left out"]) == (40, 20, 0)
    ipo = rows.loc["IPO (stage 1)"]
    assert ipo["onset, %"] == "" and ipo["risk, %"].startswith("0.0 [") and ipo["with risk"] == 0
    assert ipo["left out"] == 1, "its last reasoning never ends"


def test_tables_are_there_only_where_they_are_asked_for(metrics: Path):
    settings = yaml.safe_load(TINY.read_text())
    assert {item.name for item in contents.of_run(validate(settings, "tiny"))} >= NAMES
    settings["evaluate"]["stored_measures"] = False
    assert NAMES.isdisjoint(item.name for item in contents.of_run(validate(settings, "tiny")))
    assert {item.name for item in contents.of_metrics(metrics)} >= NAMES
    del settings["evaluate"]["stored_measures"]
    assert not validate(settings, "tiny").evaluate.stored_measures, "stored runs stay as they are"


def test_metrics_may_leave_in_an_archive_and_name_each_row_once(metrics: Path):
    for path in metrics.glob("*.csv"):
        check_metrics(path.stem, path.read_bytes())
        frame = pd.read_csv(path)
        names = ["model", "method", "prompt_set", "part", "measure", *({"k"} & set(frame.columns))]
        assert not frame.duplicated(names).any()
