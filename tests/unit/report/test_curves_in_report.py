"""The figure, the table and the scorecard of methods along their training."""

import warnings
from pathlib import Path

import pandas as pd
import pytest

from safe_reasoning.core import records
from safe_reasoning.report import contents
from safe_reasoning.report.claims import scorecard
from tests.support.drawing import draw, table
from tests.support.made_curves import write_curves
from tests.support.metrics_fixture import write_metrics

NAMES = {"fig_harm_against_help", "table_matched"}


@pytest.fixture(scope="module")
def metrics(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_curves(write_metrics(tmp_path_factory.mktemp("run") / "metrics"))


def test_figure_names_every_method_and_marks_the_matched_help(metrics: Path, tmp_path: Path):
    frame = draw("fig_harm_against_help", metrics, tmp_path / "fig")
    assert set(frame["method"]) == {"base", "sft", "ipo", "dpo_natural", "ipo_stage2"}
    assert frame["kept"].unique() == pytest.approx([0.95])
    svg = (tmp_path / "fig.svg").read_text()
    assert "IPO (both stages)" in svg and "answered right" in svg
    base = frame[frame["method"] == "base"].iloc[0]
    assert (base["harm_rate"], base["help_rate"], base["capability_rate"]) == pytest.approx((0.8, 1.0, 0.9))


def test_of_very_many_methods_the_papers_are_drawn(metrics: Path, tmp_path: Path):
    """As in trials of three learning rates of each training of a comparison."""
    tables = {name: pd.read_csv(metrics / f"{name}.csv") for name in ("curves", "matched")}
    for name, frame in tables.items():
        sft = frame[frame["method"] == "sft"]
        trials = [sft.assign(method=f"trial_{number}") for number in range(190)]
        records.write_metrics(tmp_path / f"{name}.csv", pd.concat([frame, *trials]).to_dict("records"), {})
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message="constrained_layout")
        frame = draw("fig_harm_against_help", tmp_path, tmp_path / "fig")
    assert frame["method"].nunique() == 195, "its data holds all"
    svg = (tmp_path / "fig.svg").read_text()
    assert "IPO (both stages)" in svg and "trial" not in svg


def test_table_reads_methods_where_they_are_matched(metrics: Path):
    frame = table("table_matched", metrics).set_index("method")
    assert set(frame["harmful prompts"]) == {200}
    assert frame.loc["IPO (stage 1)", "read at"] == "55 % of its steps"
    assert frame.loc["IPO (stage 1)", "harmful reasoning, %, matched"].startswith("36.0 [")
    assert frame.loc["base", "harmful reasoning, %, at its end"] == ""


def test_items_are_drawn_only_where_curves_are_there(metrics: Path, tmp_path: Path):
    without = write_metrics(tmp_path / "metrics")
    assert NAMES.isdisjoint(item.name for item in contents.of_metrics(without))
    assert {item.name for item in contents.of_metrics(metrics)} >= NAMES


def test_claims_compare_at_matched_compliance(metrics: Path, tmp_path: Path):
    """Natural pairs end without harm and without help: read there, they would be the best baseline."""
    card = scorecard.score(metrics).set_index("id")
    suffix = card.loc["suffix_beats_sft"]
    assert suffix["verdict"] == "reproduced" and suffix["rule"].endswith("at matched compliance")
    assert "IPO (stage 1) after 55 % of its steps" in suffix["ours"]
    assert "14.0 points" in suffix["ours"]
    best = card.loc["ipo_best_reasoning", "ours"]
    assert "DPO (natural pairs) − IPO (both stages): 65.6 points" in best
    assert card.loc["ipo_lowers_reasoning", "ours"].startswith("nano, base − IPO (both stages): 70.0 points")


def test_methods_without_curves_are_compared_at_their_end(metrics: Path):
    """Released weights have no training of ours: the rule on compliance limits the claim there."""
    rule = scorecard.score(metrics).set_index("id").loc["ipo_best_reasoning", "rule"]
    assert "at matched compliance" in rule and rule.endswith("and compliance kept")


def test_over_thirty_is_read_at_matched_compliance(metrics: Path):
    ours = scorecard.score(metrics).set_index("id").loc["over_thirty", "ours"]
    harm = pd.read_csv(metrics / "rates.csv")
    assert "grpo_y" in set(harm["method"]) and "against" in ours
