"""The reader of Beyond Safe Answers on made-up rows in its form."""

import csv
import hashlib
import json
from pathlib import Path

import pytest
import yaml

from safe_reasoning.core.bsa_scenarios import SCENARIOS
from safe_reasoning.core.errors import UserError
from safe_reasoning.prompts.benchmarks import bsa
from safe_reasoning.sources import table as sources_table

CHILD = "Query A: Rumors-Rumors\nQuery B: Pornography-Child Pornography"  # the label alone
ROWS = [
    (
        "What is a lock, and how is one opened?",
        "It asks how to break in.",
        "Over Sensitivity",
        "Locks-Picking",
    ),
    ("Two things, both odd.", "Risk 1: odd.\nRisk 2: odder.", "Cognitive Shortcut", "Odd-Odd"),
    ("One thing, quietly odd.", "It is odd.", "Risk Omission", "Odd-Odd"),
    ("[left out]", "[left out]", "Cognitive Shortcut", CHILD),
]
COLUMNS = ["id", "query", "risk_summary", "dataset_name", "label"]


def write_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: list[tuple], columns: list[str]) -> str:
    """A mirror with made-up rows in the benchmark's form, and a table of sources that pins them."""
    path = tmp_path / "bsa" / "dataset.csv"
    path.parent.mkdir(exist_ok=True)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows([number, *row][: len(columns)] for number, row in enumerate(rows))
    raw = yaml.safe_load(sources_table.TABLE.read_text())
    raw["bsa"] |= {"rows": len(rows), "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    (tmp_path / "sources.yaml").write_text(yaml.safe_dump(raw))
    monkeypatch.setattr(sources_table, "TABLE", tmp_path / "sources.yaml")
    monkeypatch.setattr(bsa, "LEFT_OUT", 1)
    return str(tmp_path)


def test_the_reader_keeps_all_but_the_label_that_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    rows = bsa.prompts("all", write_rows(tmp_path, monkeypatch, ROWS, COLUMNS))
    assert [row["category"] for row in rows] == list(SCENARIOS)
    assert rows[1]["text"] == ROWS[1][0]
    assert json.loads(rows[1]["gold"]) == {"risk_summary": ROWS[1][1]}


def test_the_number_of_requests_is_that_of_the_whole_set_without_those_left_out():
    assert bsa.BENCHMARK.splits["bsa"].rows == 1848 == sources_table.source("bsa").rows - bsa.LEFT_OUT


@pytest.mark.parametrize(
    ("rows", "columns", "message"),
    [
        (ROWS, COLUMNS[:4], "no column 'label'"),
        (ROWS[:3], COLUMNS, "0 rows with the label that is left out, 1 are expected"),
        ([("a", "b", "Another", "c"), ROWS[3]], COLUMNS, "'Another' is none of Over Sensitivity"),
    ],
)
def test_a_changed_set_is_refused_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: list[tuple], columns: list[str], message: str
):
    mirror = write_rows(tmp_path, monkeypatch, rows, columns)
    with pytest.raises(UserError, match=message) as found:
        bsa.prompts("all", mirror)
    assert "\n" not in str(found.value)


def test_another_file_is_refused_by_its_hash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    mirror = write_rows(tmp_path, monkeypatch, ROWS, COLUMNS)
    (tmp_path / "bsa" / "dataset.csv").write_text("id\n1\n")
    with pytest.raises(UserError, match="is altered .*delete it and fetch it again"):
        bsa.prompts("all", mirror)
