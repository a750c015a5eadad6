"""The figures and the table that compare many methods, by family and by recovery."""

import shutil
from pathlib import Path

import pandas as pd
import pytest
import yaml

from safe_reasoning.config import validate
from safe_reasoning.core import records
from safe_reasoning.report import contents
from safe_reasoning.report.methods import (
    FAMILIES,
    METHODS,
    OTHERS,
    RELATED_LABELS,
    families,
    label,
    nameable,
)
from tests.support.drawing import draw, table
from tests.support.made_curves import write_curves
from tests.support.made_recovery import write_recovery
from tests.support.metrics_fixture import write_metrics
from tests.support.paths import TINY

NAMES = {"fig_field", "fig_families", "fig_recovery", "table_recovery", "table_budgets"}


@pytest.fixture(scope="module")
def metrics(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_recovery(write_curves(write_metrics(tmp_path_factory.mktemp("run") / "metrics")))
    given = {
        "model": "nano",
        "rows_per_step": 8,
        "learning_rate": 1e-4,
        "generated_tokens": 9,
        "seconds": 2.04,
    }
    rows = [
        {**given, "method": method, "seed": seed, "steps": 25, "trained_tokens": 10 + seed, "generations": 3}
        for method in ("sft", "ipo")
        for seed in (0, 2)
    ]
    records.write_metrics(folder / "budgets.csv", rows, {})
    return folder


def test_each_method_is_named_in_the_panel_of_its_family(metrics: Path, tmp_path: Path):
    frame = draw("fig_families", metrics, tmp_path / "fig")
    svg = (tmp_path / "fig.svg").read_text()
    for family in families(frame["method"]):
        assert family in svg
    assert svg.count(">DPO (natural pairs)<") == 1, "once, in its own panel"
    assert svg.count(">base<") == len(families(frame["method"])), "the base is in every panel"


def test_the_field_is_ordered_by_harm_and_says_where_a_method_is_read(metrics: Path, tmp_path: Path):
    frame = draw("fig_field", metrics, tmp_path / "fig")
    assert list(frame["method"][:4]) == ["base", "ipo_stage2", "ipo", "sft"], "by harm in their family"
    rates = frame.set_index("method")
    assert rates.loc["ipo", "reasoning_rate"] == pytest.approx(0.36)
    svg = (tmp_path / "fig.svg").read_text()
    for method in frame["method"]:
        assert svg.count(f">{label(method)}<") == 1
    assert svg.count(">55 %<") == 1 and svg.count(">3 %<") == 1 and " of answers<" not in svg
    assert ">100 %<" not in svg and ">200 %<" not in svg, "nothing beside what is read at its end"


def test_recovery_is_drawn_by_sentences_given(metrics: Path, tmp_path: Path):
    frame = draw("fig_recovery", metrics, tmp_path / "fig")
    ipo = frame[frame["method"] == "ipo"].set_index("sentences")["rate"]
    assert ipo.to_dict() == {0: 0.0, 1: 0.1, 2: 0.2}
    assert "sentences given" in (tmp_path / "fig.svg").read_text()


def test_the_table_gives_first_last_and_all_cuts(metrics: Path):
    rows = table("table_recovery", metrics).set_index("method")
    sft = rows.loc["SFT (chosen side)"]
    assert sft["harmful reasoning, %, no sentence given"].startswith("0.0 [")
    assert sft["harmful reasoning, %, 2 given"].startswith("100.0 [")
    assert sft["harmful reasoning, %, all cuts"].startswith("50.0 [")
    assert sft["prompts"] == 20


def test_budgets_are_means_over_seeds_in_the_order_of_the_methods(metrics: Path):
    rows = table("table_budgets", metrics)
    assert list(rows["method"]) == ["SFT (chosen side)", "IPO (stage 1)"]
    assert list(rows["tokens trained on"]) == [11, 11] and list(rows["seconds"]) == [2.0, 2.0]


def test_reflections_are_averaged_over_tenths_and_seeds(tmp_path: Path):
    values = {"entropy": (0.2, 0.4), "exploring_share": (0.25,), "reflections_per_100_tokens": (3.0,)}
    rows = [
        {"model": "nano", "method": "ipo", "seed": seed, "kind": "harmful", "traces": 4}
        | {"measure": measure, "position": place, "value": value + seed * 0.2}
        for seed in (0, 1)
        for measure, along in values.items()
        for place, value in enumerate(along)
    ]
    records.write_metrics(tmp_path / "reflection.csv", rows, {})
    (row,) = table("table_reflection", tmp_path).to_dict("records")
    assert row["method"] == "IPO (stage 1)" and row["traces"] == 4 and row["prompts"] == "harmful"
    assert row["entropy, nats"] == "0.40" and row["at or after a cue, %"] == "35.0"
    assert row["reflections per 100 tokens"] == "3.10" and row["change of entropy, nats"] == ""


def test_cost_is_tokens_once_and_a_ratio_in_use(metrics: Path, tmp_path: Path):
    """A method with a log of edits stands on the right, against the base's tokens on harmful prompts."""
    shutil.copytree(metrics, tmp_path / "metrics")
    lengths = {"harmful": (30.0, 15.0), "benign": (10.0, 10.0)}
    rows = [
        {"model": "nano", "method": "dpo_natural", "kind": kind, "measure": measure, "value": value}
        for kind, values in lengths.items()
        for measure, value in zip(("sampled_tokens", "base_tokens"), values, strict=True)
    ]
    records.write_metrics(tmp_path / "metrics/control.csv", rows, {})
    frame = draw("fig_cost", tmp_path / "metrics", tmp_path / "fig").set_index("method")
    assert frame.loc["dpo_natural", "always"] == 2.0 and frame["always"].notna().sum() == 1
    assert frame.loc["sft", "once"] == 9 + 11 and frame.loc["sft", "harm_rate"] == 0.5
    assert frame.loc["ipo", "help_rate"] < frame.loc["ipo", "kept"] <= frame.loc["sft", "help_rate"]
    svg = (tmp_path / "fig.svg").read_text()
    assert "tokens per token of the base" in svg and ">DPO (natural pairs)<" in svg
    assert "fig_cost" in {item.name for item in contents.of_metrics(tmp_path / "metrics")}


def test_items_are_there_only_where_they_are_asked_for(metrics: Path, tmp_path: Path):
    settings = yaml.safe_load(TINY.read_text())
    settings["evaluate"]["recovery_traces"] = 0
    without = {item.name for item in contents.of_run(validate(settings, "tiny"))}
    assert NAMES.isdisjoint(without)
    settings["evaluate"] |= {"recovery_traces": 4, "checkpoints": [0.5]}
    asked = {item.name for item in contents.of_run(validate(settings, "tiny"))}
    assert asked >= NAMES and "fig_harm_against_help" not in asked, "it is for few methods"
    settings["evaluate"]["checkpoints"] = []
    alone = {item.name for item in contents.of_run(validate(settings, "tiny"))}
    assert alone & NAMES == NAMES - {"fig_field", "fig_families"}, "both are drawn along trainings"
    drawn = {item.name for item in contents.of_metrics(metrics)}
    assert drawn >= NAMES and "fig_harm_against_help" not in drawn


def test_families_hold_every_method_that_is_known_once():
    members = [method for of_family in FAMILIES.values() for method in of_family]
    assert len(members) == len(set(members)) and set(members) <= {*METHODS, *RELATED_LABELS}


def test_every_method_of_the_comparison_has_a_family_and_a_name_of_its_own():
    methods = yaml.safe_load(Path("config/compare.yaml").read_text())["methods"]
    assert OTHERS not in families(methods)
    assert len({label(method) for method in methods}) == len(methods)


def test_lines_with_a_name_each_are_the_paper_s_where_there_are_many():
    few = pd.DataFrame({"method": ["base", "mine", "ipo"]})
    assert list(nameable(few)["method"]) == ["base", "mine", "ipo"]
    many = pd.DataFrame({"method": ["base", "ipo", *RELATED_LABELS]})
    assert list(nameable(many)["method"]) == ["base", "ipo"]
    trials = pd.DataFrame({"method": ["base", *(f"trial_{number}" for number in range(20))]})
    assert list(nameable(trials)["method"]) == ["base", *(f"trial_{number}" for number in range(15))]


def test_an_unknown_method_has_a_panel_too():
    found = families(pd.Series(["base", "mine", "ipo"]))
    assert found == {"corrective intervention": ["ipo"], OTHERS: ["mine"]}
