"""Two runs compared: tables that are identical, rates that agree or do not, rows of one run, weights."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import yaml

from safe_reasoning.config import dump, load
from safe_reasoning.core.errors import UserError
from safe_reasoning.core.files import write_bytes, write_json
from safe_reasoning.report.compare_runs import Comparison, Outcome, Table, compare_runs
from safe_reasoning.report.compare_text import summary, text
from safe_reasoning.report.manifest import write_manifest
from tests.support.judge_metrics import judge_metrics
from tests.support.metrics_fixture import write_metrics

Runs = tuple[Path, Path]


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    """A run and a copy of it."""
    judge_metrics(write_metrics(tmp_path / "a/metrics"), ("nano",))
    write_bytes(tmp_path / "a/config.yaml", b"run: a\nseeds: [0]\n")
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    return tmp_path / "a", tmp_path / "b"


def change(run: Path, table: str, edit: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    """Rewrite a table of a run."""
    path = run / f"metrics/{table}.csv"
    edit(pd.read_csv(path)).to_csv(path, index=False)


def shifted(frame: pd.DataFrame, rows: object, by: float) -> pd.DataFrame:
    """The rates of some rows and their intervals, moved."""
    frame.loc[rows, ["rate", "low", "high"]] += by
    return frame


def of(comparison: Comparison, table: str) -> Table:
    return next(found for found in comparison.tables if found.name == table)


def test_a_copy_is_identical(runs: Runs):
    found = compare_runs(*runs)
    count = len(list((runs[0] / "metrics").glob("*.csv")))
    assert {table.outcome for table in found.tables} == {Outcome.IDENTICAL} and len(found.tables) == count
    assert summary(found) == (
        f"{count} metric tables: {count} identical, 0 agree within intervals, 0 do not; base weights unknown"
    )


def test_intervals_decide(runs: Runs):
    """A small move agrees. A large one is listed by model, method, set and measure, with both values."""
    change(runs[1], "rates_clean", lambda frame: shifted(frame, frame.index, 0.01))
    ours = lambda frame: (frame["method"] == "ipo") & (frame["prompt_set"] == "overrefusal")  # noqa: E731
    change(runs[1], "rates", lambda frame: shifted(frame, ours(frame), -0.5))
    found = compare_runs(*runs)
    rates = of(found, "rates")
    assert of(found, "rates_clean").outcome is Outcome.AGREE and rates.outcome is Outcome.APART
    assert [row.row for row in rates.apart] == ["nano ipo overrefusal response complies"]
    assert rates.agree == len(pd.read_csv(runs[0] / "metrics/rates.csv")) - 1
    printed = text(found)
    assert "0.900 [0.850, 0.950]  0.400 [0.350, 0.450]" in printed
    assert printed.splitlines()[-1] == summary(found)
    assert "1 agree within intervals, 1 do not" in summary(found)


def test_a_table_without_intervals_may_differ_in_seconds(runs: Runs):
    change(runs[1], "steps", lambda frame: frame.assign(seconds=1.5))
    change(runs[1], "pairs", lambda frame: frame.assign(kept=1))
    found = compare_runs(*runs)
    assert of(found, "steps").outcome is Outcome.SECONDS and of(found, "pairs").outcome is Outcome.OPEN
    assert of(found, "pairs").no_interval == ("nano detector=exact source=intervened",)
    assert "1 equal but for seconds" in summary(found) and "1 cannot be compared in full" in summary(found)


def test_rows_columns_and_tables_of_one_run_are_named(runs: Runs):
    change(runs[1], "kl", lambda frame: frame[frame["position"] < 29].drop(columns="traces"))
    change(runs[0], "safe_response_given", lambda frame: frame[frame["reasoning"] == "safe"])
    (runs[1] / "metrics/judge_ranks.csv").unlink()
    found = compare_runs(*runs)
    kl = of(found, "kl")
    assert kl.outcome is Outcome.OPEN and kl.columns == ("traces",) and not kl.only_b
    assert {row.split()[-1] for row in kl.only_a} == {"position=29"}
    assert of(found, "safe_response_given").only_b == ("nano reasoning=harmful",)
    assert of(found, "judge_ranks").outcome is Outcome.ONLY_A
    printed = text(found)
    assert "kl: rows in A alone" in printed and "1 in A alone" in printed.splitlines()[-1]


def test_long_lists_are_cut_unless_asked_for(runs: Runs):
    change(runs[1], "csr_curves", lambda frame: frame.head(1))
    found = compare_runs(*runs)
    missing = len(of(found, "csr_curves").only_a)
    assert f"and {missing - 5} more" in text(found) and " more (" not in text(found, every_row=True)
    assert len(text(found, every_row=True).splitlines()) == len(text(found).splitlines()) + missing - 6


def test_rows_that_share_their_names_are_kept_apart_and_sentences_masked(runs: Runs):
    """All mined sentences of the invented run are the same one."""
    change(runs[1], "triggers", lambda frame: frame.assign(trials=21))
    assert of(compare_runs(*runs), "triggers").outcome is Outcome.AGREE
    change(runs[1], "triggers", lambda frame: frame.head(1))
    printed = text(compare_runs(*runs), every_row=True)
    assert "[13 characters, " in printed and "(8)" in printed and "I should not." not in printed


def test_what_could_not_be_measured_in_one_run_is_not_agreement(runs: Runs):
    change(runs[1], "cue_correlation", lambda frame: frame.assign(r=None, low=None, high=None))
    assert len(of(compare_runs(*runs), "cue_correlation").no_interval) == 2
    change(runs[0], "cue_correlation", lambda frame: frame.assign(r=None, low=None, high=None, n=29))
    assert of(compare_runs(*runs), "cue_correlation").outcome is Outcome.AGREE


def test_base_weights_are_those_of_the_models_or_of_the_manifest(runs: Runs):
    """The stored evidence of a run has no models, but their hashes in its manifest."""
    base = "models/nano/base"
    for run in runs:
        write_json(run / base / "training.json", {"weights_sha256": "a" * 64})
    assert compare_runs(*runs).weights == {"nano": True}
    write_manifest(runs[1], runs[1] / "manifest.json")
    shutil.rmtree(runs[1] / "models")
    write_manifest(runs[1], runs[1] / "manifest.json")  # as when it is redrawn
    found = compare_runs(*runs)
    assert found.weights == {"nano": True} and summary(found).endswith("base weights equal")
    write_json(runs[0] / base / "training.json", {"weights_sha256": "b" * 64})
    assert summary(compare_runs(*runs)).endswith("base weights different")
    write_json(runs[0] / "models/small/base/training.json", {"weights_sha256": {"model.safetensors": "c"}})
    assert summary(compare_runs(*runs)).endswith("base weights different (nano), unknown (small)")


def test_other_settings_are_named(runs: Runs):
    write_bytes(runs[1] / "config.yaml", b"run: b\nseeds: [1]\n")
    found = compare_runs(*runs)
    assert found.settings == ("seeds",) and summary(found).endswith("; settings differ: seeds")
    (runs[1] / "config.yaml").unlink()
    assert compare_runs(*runs).settings is None


def test_keys_that_came_later_are_read_at_their_defaults(runs: Runs):
    """A stored run need not be written again when the configuration gets a key."""
    whole = yaml.safe_load(dump(load("config/demo.yaml")))
    earlier = {name: value for name, value in whole.items() if name != "policies"}
    for run, settings in zip(runs, (whole, earlier | {"run": "b"}), strict=True):
        write_bytes(run / "config.yaml", yaml.safe_dump(settings).encode())
    assert compare_runs(*runs).settings == ()
    write_bytes(runs[1] / "config.yaml", yaml.safe_dump(earlier | {"world_seed": 1}).encode())
    assert compare_runs(*runs).settings == ("world_seed",)


def test_a_missing_run_is_one_line_that_names_the_repair(runs: Runs, tmp_path: Path):
    with pytest.raises(UserError, match=r"none holds no metrics: run the workflow first") as fault:
        compare_runs(tmp_path / "none", runs[1])
    assert "\n" not in str(fault.value)
    shutil.copytree(runs[1], tmp_path / "reference/demo")
    with pytest.raises(UserError, match=r"run `make demo`, or use RUN=reference/demo for the stored ones"):
        compare_runs(tmp_path / "demo", runs[1])
    with pytest.raises(UserError, match=r"the stored runs are demo$"):
        compare_runs(runs[0], tmp_path / "reference/other")
