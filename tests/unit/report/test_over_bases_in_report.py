"""The figure, the table and the scorecard of a run with several bases."""

import re
from pathlib import Path

import pandas as pd
import pytest

from safe_reasoning.archive.allow_list import METRICS
from safe_reasoning.report import contents
from safe_reasoning.report.claims import scorecard
from safe_reasoning.report.figures import style
from tests.support.drawing import draw, table
from tests.support.made_bases import BASES, GRPO, write_bases
from tests.support.replicates import with_models

pytestmark = pytest.mark.long

NAMES = {"fig_over_bases", "table_over_bases"}


@pytest.fixture(scope="module")
def metrics(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_bases(tmp_path_factory.mktemp("run") / "metrics")


@pytest.fixture(scope="module")
def card(metrics: Path) -> pd.DataFrame:
    return scorecard.score(metrics).set_index("id")


def test_items_are_asked_for_by_replicates_and_drawn_where_their_tables_are(metrics: Path, tmp_path: Path):
    assert {item.name for item in contents.of_metrics(metrics)} >= NAMES
    one = write_bases(tmp_path / "metrics", bases=["base0"])
    assert NAMES.isdisjoint(item.name for item in contents.of_metrics(one))
    several, alone = {"nano": {}, "b": {"seed": 1}}, {"nano": {}}
    for models, checkpoints, asked in ((several, [0.5], NAMES), (several, [], set()), (alone, [0.5], set())):
        config = with_models(models, evaluate={"judge": "exact", "checkpoints": checkpoints})
        assert {item.name for item in contents.of_run(config)} & NAMES == asked


def test_figure_has_a_dot_for_every_base_and_their_mean(metrics: Path, tmp_path: Path):
    frame = draw("fig_over_bases", metrics, tmp_path / "fig")
    svg = (tmp_path / "fig.svg").read_text()
    assert "mean of 3 bases" in svg and "IPO (stage 1)" in svg
    assert float(re.search(r'width="([\d.]+)pt"', svg)[1]) / 72 == pytest.approx(style.COLUMN)
    grpo = frame[frame["method"] == "grpo_zy"].set_index("model")
    assert grpo["rate"].to_dict() == pytest.approx(
        {**dict(zip(BASES, GRPO, strict=True)), "3 bases": 1.4 / 3}
    )
    assert grpo.loc["3 bases", "sd"] == pytest.approx(0.115470, abs=1e-6)
    assert set(frame.loc[frame["of"] == "base", "model"]) == set(BASES)


def test_table_has_methods_and_comparisons(metrics: Path):
    frame = table("table_over_bases", metrics).set_index("method or comparison")
    ipo = frame.loc["IPO (stage 1)"]
    assert (ipo["bases"], ipo["trainings of each"]) == (3, 2)
    assert ipo["harmful reasoning, %"].startswith("40.0 [") and ipo["help, %"].startswith("95.0 [")
    between, within = ipo["harmful reasoning, SD between bases / trainings"].split(" / ")
    assert float(between) == pytest.approx(20, abs=0.5) and 0 < float(within) < 3
    against = frame.loc["GRPO (z + y) − IPO (stage 1)"]
    assert against["harmful reasoning, %"].startswith("6.7 [-")
    assert against["holds on"] == "reasoning 2 of 3, response 2 of 3"
    assert frame.loc["base − IPO (stage 1)", "holds on"] == "reasoning 3 of 3, response 3 of 3"
    assert frame.loc["SFT (chosen side) − IPO (stage 1)", "holds on"].startswith("reasoning 0 of 3")
    assert "base − SFT (chosen side)" not in frame.index  # no claim


def test_a_comparison_is_judged_over_the_bases(card: pd.DataFrame, metrics: Path):
    """On each base the prompts tell GRPO and IPO apart; over the bases, which disagree, nothing does."""
    single = pd.read_csv(metrics / "matched_differences.csv").query(
        "method == 'grpo_zy' and reference == 'ipo' and part == 'reasoning'"
    )
    assert sorted(single["prompt_low"] > 0) == [False, True, True] and (single["prompt_high"] < 0).any()
    row = card.loc["ipo_best_reasoning"]
    lines = {next(x for x in ("GRPO", "SFT") if x in line): line for line in row["ours"].split("; ")}
    assert row["verdict"] == "within noise" and len(lines) == 2
    assert lines["GRPO"].startswith("3 bases, GRPO (z + y) − IPO (stage 1): 6.7 points [")
    assert lines["GRPO"].endswith("on 2 of 3 bases") and "seeds" not in lines["GRPO"]
    assert lines["SFT"].endswith("on 3 of 3 bases")


def test_scorecard_says_on_how_many_bases_a_claim_holds(card: pd.DataFrame):
    """SFT and IPO leave the same harm: equal is not less, whatever the last digits are."""
    for claim, held in (("ipo_best_reasoning", 2), ("ipo_lowers_reasoning", 3), ("suffix_beats_sft", 0)):
        rests = card.loc[claim, "rests on"]
        assert rests.startswith("3 bases of 2 trainings each")
        assert rests.endswith(f"holds on {held} of 3 bases")
    assert card.loc["keeps_compliance", "ours"].count("3 bases, ") == 2
    assert card.loc["over_thirty", "ours"].startswith("3 bases, IPO (stage 1) against GRPO (z + y)")
    assert " seeds" not in card.loc["over_thirty", "ours"]


def test_other_models_keep_their_own_effects(tmp_path: Path):
    card = scorecard.score(write_bases(tmp_path / "metrics", others=("other",))).set_index("id")
    row = card.loc["suffix_beats_sft"]
    assert row["ours"].count("3 bases, ") == 1 and row["ours"].count("other, ") == 1
    assert "other models: 2 training seeds" in row["rests on"]


def test_without_several_bases_the_scorecard_is_as_it_was(tmp_path: Path):
    card = scorecard.score(write_bases(tmp_path / "metrics", bases=["base0"]))
    assert not card["ours"].str.contains(" bases").any()
    assert not card["rests on"].str.contains(" bases").any()


def test_an_archive_may_hold_every_column(metrics: Path):
    for name in ("over_bases", "over_bases_differences"):
        assert set(pd.read_csv(metrics / f"{name}.csv").columns) <= METRICS
