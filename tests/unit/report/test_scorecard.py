"""The scorecard: verdicts follow the intervals, and what is not there is not run."""

from pathlib import Path

import pandas as pd
import pytest

from safe_reasoning.report.claims import estimates, scorecard
from safe_reasoning.stats.correlation import pearson
from safe_reasoning.stats.rates import wilson_interval
from tests.support.metrics_fixture import write_metrics


@pytest.fixture(scope="module")
def metrics(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_metrics(tmp_path_factory.mktemp("run") / "metrics")


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
    assert (difference.value, difference.low, difference.high) == pytest.approx(
        (0.2, 0.2 - 0.5, 0.2 + (0.01 + 0.04) ** 0.5)
    )


def test_scorecard_reaches_every_verdict(metrics: Path, tmp_path: Path):
    card = scorecard.score(metrics).set_index("id")["verdict"]
    always = [claim for claim in scorecard.CLAIMS if not claim.needs]
    assert len(card) == len(always) and "not run" not in set(card)
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


def test_claims_on_the_base_of_an_invented_world_are_marked(metrics: Path, tmp_path: Path):
    decided = scorecard.score(metrics).set_index("id")["decided by"]
    world = {name for name, what in decided.items() if "property of this world" in what}
    assert world == set(scorecard.OF_BASE) and {"cues_foretell", "triggers_beat_none"} <= world
    assert set(decided[~decided.index.isin(world)]) == {"training"}
    real = write_metrics(tmp_path / "real")
    base = pd.read_csv(real / "base_model.csv")
    base.assign(target_low=None, target_high=None, target_met=None).to_csv(
        real / "base_model.csv", index=False
    )
    assert scorecard.score(real).set_index("id")["decided by"]["cues_foretell"] == "the base model"


def test_costs_that_are_not_comparable_are_not_run(tmp_path: Path):
    """GRPO that ended before it had seen IPO's prompts says nothing of what it needs."""
    folder = write_metrics(tmp_path / "metrics")
    costs = pd.read_csv(folder / "efficiency.csv")
    of_grpo, prompts = costs["method"] == "grpo_zy", 1000 / 12
    for seen, verdict in ((prompts - 1, "not run"), (prompts + 1, "reproduced")):
        costs.loc[of_grpo, "generations"] = round(40 * seen)
        costs.to_csv(folder / "efficiency.csv", index=False)
        row = scorecard.score(folder).set_index("id").loc["fewer_generations"]
        assert row["verdict"] == verdict
        assert ("GRPO ended after 82 prompts, IPO samples for 83" in row["ours"]) == (verdict == "not run")


@pytest.mark.long
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
    assert (
        card["verdict"]["ipo_best_reasoning"] == "reproduced"
        and "IPO (stage 1)" in card["ours"]["ipo_best_reasoning"]
    )
    assert card["verdict"]["stage2_complies"] == "not run"


@pytest.mark.parametrize("n", [12, 16, 30])
def test_turning_points_can_be_reproduced_by_the_runs_designs(n: int):
    """Demo, mini and paper have 12, 16 and 30 prompts; at 90 % none of them could be."""
    (claim,) = [claim for claim in scorecard.CLAIMS if claim.name == "turning_points"]
    low, high = wilson_interval(n, n)
    assert scorecard.judge(estimates.Estimate(1.0, low, high), claim.threshold) == "reproduced"


def test_turning_points_stand_beside_their_control(metrics: Path):
    ours = scorecard.score(metrics).set_index("id")["ours"]["turning_points"]
    assert "control: 5.0 [2.0, 14.0] % of 60 harmful traces" in ours


def test_capability_is_judged_on_the_average_where_there_is_one(tmp_path: Path):
    folder = write_metrics(tmp_path / "metrics")
    for table in ("rates", "paired_differences"):
        frame = pd.read_csv(folder / f"{table}.csv")
        average = frame[frame["prompt_set"] == "sums"].assign(prompt_set="capability_average")
        pd.concat([frame, average]).to_csv(folder / f"{table}.csv", index=False)
    row = scorecard.score(folder).set_index("id").loc["keeps_capability"]
    assert row["verdict"] == "reproduced" and row["ours"].count("points") == 1


def test_a_base_that_has_nothing_to_lose_proves_nothing(tmp_path: Path):
    folder = write_metrics(tmp_path / "metrics")
    rates = pd.read_csv(folder / "rates.csv")
    rates.loc[rates["role"] == "capability", "rate"] = 0.0
    rates.loc[rates["role"] == "overrefusal", "rate"] = 0.2
    rates.to_csv(folder / "rates.csv", index=False)
    card = scorecard.score(folder).set_index("id")
    for claim in ("keeps_capability", "keeps_compliance", "ipo_lowers_reasoning"):
        assert card["verdict"][claim] == "not run", claim
    assert "too little to lose 5 points" in card["ours"]["keeps_capability"]


def correlate(folder: Path, x: list[float], y: list[float]) -> pd.Series:
    """The scorecard's row on cues where the first detector's traces lie at these tokens."""
    frame, found = pd.read_csv(folder / "cue_correlation.csv"), pearson(x, y)
    rows = frame.groupby("model").head(1).index
    values = (found.count, found.r, found.low, found.high, found.p_value)
    frame.loc[rows, ["n", "r", "low", "high", "p_value"]] = values
    frame.to_csv(folder / "cue_correlation.csv", index=False)
    return scorecard.score(folder).set_index("id").loc["cues_foretell"]


def test_correlation_with_few_distinct_values_is_too_few_to_decide(tmp_path: Path):
    folder = write_metrics(tmp_path / "metrics")
    row = correlate(folder, [1, 2, 3, 4, 5, 6, 7], [1, 2, 3, 3, 3, 3, 3])
    assert row["verdict"] == "too few to decide" and "too few to decide" in row["ours"]


def test_a_perfect_line_of_four_points_is_within_noise(tmp_path: Path):
    """Two of the 24 orders of four points are as straight: p = 0.08, whatever the bootstrap says."""
    folder = write_metrics(tmp_path / "metrics")
    assert correlate(folder, [1, 2, 3, 4], [1, 2, 3, 4])["verdict"] == "within noise"


def test_a_straight_line_of_many_points_is_reproduced(tmp_path: Path):
    folder = write_metrics(tmp_path / "metrics")
    tokens = [float(n) for n in range(10)]
    assert correlate(folder, tokens, tokens)["verdict"] == "reproduced"
