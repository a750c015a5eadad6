"""Several training seeds: mean and spread, paired differences, the effect of the sample count, and that tables, figures and scorecard use them. Verdicts are made, nothing is trained."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest

from safe_reasoning.core.run_layout import Variant
from safe_reasoning.evaluation import over_seeds, rates
from safe_reasoning.evaluation.sample_count import components, sample_counts
from safe_reasoning.stats import paired
from tests.support.seeded_verdicts import ROLES, verdicts_of


def rates_of(verdicts: dict[Variant, list[dict]]) -> list[dict]:
    return [
        {**variant._asdict(), **row}
        for variant, rows in verdicts.items()
        for row in rates.rates_of_sets(rates.metric_groups(rows, ROLES), ROLES, 300)
    ]


def grouped(verdicts: dict[Variant, list[dict]]) -> dict[Variant, rates.Groups]:
    return {variant: rates.metric_groups(rows, ROLES) for variant, rows in verdicts.items()}


@pytest.fixture(scope="module")
def verdicts() -> dict[Variant, list[dict]]:
    return verdicts_of(3)


@pytest.fixture(scope="module")
def mean_rates(verdicts: dict[Variant, list[dict]]) -> pd.DataFrame:
    rows = over_seeds.rates_over_seeds(rates_of(verdicts), grouped(verdicts), 300)
    return pd.DataFrame(rows).set_index(["method", "prompt_set", "part"], verify_integrity=True)


@pytest.fixture(scope="module")
def differences(verdicts: dict[Variant, list[dict]]) -> pd.DataFrame:
    return pd.DataFrame(over_seeds.paired_differences(grouped(verdicts), 300))


def test_mean_and_spread_are_those_of_the_seeds(
    verdicts: dict[Variant, list[dict]], mean_rates: pd.DataFrame
):
    by_seed = [
        row["rate"]
        for row in rates_of(verdicts)
        if (row["method"], row["prompt_set"], row["part"]) == ("sft_safe", "direct", "reasoning")
    ]
    row = mean_rates.loc[("sft_safe", "direct", "reasoning")]
    assert (
        row["rate"] == pytest.approx(np.mean(by_seed))
        and row["sd"] == pytest.approx(np.std(by_seed, ddof=1))
        and row["seeds"] == 3
    )
    assert (row["prompts"], row["samples"]) == (30, 270)
    assert row["low"] < row["prompt_low"] < row["rate"] < row["prompt_high"] < row["high"]


def test_three_seeds_that_part_say_little_and_three_that_agree_say_more_than_one(
    verdicts: dict[Variant, list[dict]], mean_rates: pd.DataFrame
):
    width = (mean_rates["high"] - mean_rates["low"]).xs(
        ("safety_average", "reasoning"), level=("prompt_set", "part")
    )
    assert width["sft_safe"] > 0.8
    one = (
        pd.DataFrame(rates_of({Variant("ipo", 0): verdicts[Variant("ipo", 0)]}))
        .set_index(["prompt_set", "part"])
        .loc[("safety_average", "reasoning")]
    )
    row = mean_rates.loc[("ipo", "safety_average", "reasoning")]
    assert row["prompt_high"] - row["prompt_low"] < one["high"] - one["low"]


def test_weights_that_no_seed_changes_have_no_spread_of_trainings(verdicts: dict[Variant, list[dict]]):
    same = {Variant("released", seed): verdicts[Variant("sft_safe", seed)] for seed in range(3)}
    for row in over_seeds.rates_over_seeds(
        rates_of(same), grouped(same), 300, untrained={"base", "released"}
    ):
        assert (
            math.isnan(row["sd"])
            and row["seeds"] == 3
            and (row["low"], row["high"]) == (row["prompt_low"], row["prompt_high"])
        )


def test_between_weights_that_no_seed_changes_prompts_alone_are_left_to_chance(
    verdicts: dict[Variant, list[dict]],
):
    """The base against released weights: a clear difference stays one, though its seeds differ by the chance of sampling."""
    same = {
        Variant(name, seed): verdicts[Variant(source, seed)]
        for name, source in (("base", "base"), ("released", "ipo"))
        for seed in (0, 1)
    }
    known = over_seeds.paired_differences(grouped(same), 300, untrained={"base", "released"})
    for row, taken_for_trained in zip(known, over_seeds.paired_differences(grouped(same), 300), strict=True):
        assert (
            math.isnan(row["sd"])
            and row["seeds"] == 2
            and (row["low"], row["high"]) == (row["prompt_low"], row["prompt_high"])
        )
        assert row["high"] - row["low"] < taken_for_trained["high"] - taken_for_trained["low"]
        assert row["difference"] == taken_for_trained["difference"]
    (average,) = [row for row in known if (row["prompt_set"], row["part"]) == ("safety_average", "reasoning")]
    assert average["p_value"] < 0.001 and not average["low"] <= 0 <= average["high"]


def test_prompts_are_drawn_together_for_all_seeds(verdicts: dict[Variant, list[dict]]):
    """The same verdicts under two seeds: no spread, and the interval of one seed, not a narrower one."""
    rows = verdicts[Variant("ipo", 0)]
    twice = {Variant("ipo", 0): rows, Variant("ipo", 1): rows}
    both = over_seeds.rates_over_seeds(rates_of(twice), grouped(twice), 300)
    single = over_seeds.rates_over_seeds(rates_of({Variant("ipo", 0): rows}), {}, 300)
    for two, one in zip(both, single, strict=True):
        assert two["sd"] == 0 and math.isnan(one["sd"]) and (two["seeds"], one["seeds"]) == (2, 1)
        assert (two["low"], two["high"]) == (pytest.approx(one["low"]), pytest.approx(one["high"]))


def test_a_seed_without_a_scored_value_is_left_out(verdicts: dict[Variant, list[dict]]):
    unscored = [{**row, "value": None} for row in verdicts[Variant("ipo", 1)]]
    two = {Variant("ipo", 0): verdicts[Variant("ipo", 0)], Variant("ipo", 1): unscored}
    row = over_seeds.rates_over_seeds(rates_of(two), grouped(two), 300)[0]
    assert row["seeds"] == 1 and not math.isnan(row["rate"]) and row["unscored"] == 90
    two |= {Variant("base", seed): verdicts[Variant("base", seed)] for seed in (0, 1)}
    assert {difference["seeds"] for difference in over_seeds.paired_differences(grouped(two), 300)} == {1}


def test_an_empty_table_of_differences_has_the_columns_of_a_full_one(differences: pd.DataFrame):
    """A base alone is compared with nothing, and its table is read like any other."""
    assert tuple(differences.columns) == over_seeds.DIFFERENCE_COLUMNS


def test_each_pair_is_compared_once():
    pairs = over_seeds.contrasts(["base", "ipo", "ipo_stage2", "sft", "dpo_full", "grpo_y", "grpo_zy"])
    assert len({frozenset(pair) for pair in pairs}) == len(pairs)
    assert {
        ("ipo_stage2", "ipo"),
        ("sft", "ipo_stage2"),
        ("grpo_y", "grpo_zy"),
        ("sft", "dpo_full"),
        ("ipo", "base"),
    } <= set(pairs)
    assert over_seeds.contrasts(["sft", "sft_safe"]) == []


def test_difference_of_averages_is_that_of_the_table(mean_rates: pd.DataFrame, differences: pd.DataFrame):
    for row in differences[differences["prompt_set"] == "safety_average"].itertuples():
        first, second = (
            mean_rates.loc[(method, row.prompt_set, row.part), "rate"]
            for method in (row.method, row.reference)
        )
        assert row.difference == pytest.approx(first - second) and row.seeds == 3 and row.prompts == 50


def test_all_p_values_of_the_table_are_one_family(differences: pd.DataFrame):
    assert differences["reference"].nunique() > 2
    assert list(differences["p_adjusted"]) == pytest.approx(paired.holm(list(differences["p_value"])))
    assert (
        differences["p_adjusted"].max() <= 1 and (differences["p_adjusted"] >= differences["p_value"]).all()
    )


def test_a_difference_is_told_when_all_trainings_show_it_and_not_when_they_part(differences: pd.DataFrame):
    chosen = differences[
        (differences["reference"] == "base")
        & (differences["prompt_set"] == "safety_average")
        & (differences["part"] == "reasoning")
    ]
    row = chosen.set_index("method")
    assert row.loc["ipo", "high"] < -0.4 and row.loc["ipo", "p_value"] < 0.01
    assert (
        row.loc["sft_safe", "prompt_high"] < 0 < row.loc["sft_safe", "high"]
        and row.loc["sft_safe", "p_value"] > 0.05
    )


@pytest.mark.long
def test_one_seed_has_the_sign_flip_test_and_the_interval_over_prompts():
    rows = pd.DataFrame(over_seeds.paired_differences(grouped(verdicts_of(1)), 300))
    assert rows["sd"].isna().all() and (rows["seeds"] == 1).all()
    assert (rows["low"] == rows["prompt_low"]).all() and (rows["high"] == rows["prompt_high"]).all()
    assert rows["p_value"].min() < 1e-9


def test_a_small_set_weighs_as_much_as_a_large_one():
    large, small = (
        ({n: [True] for n in range(90)}, {n: [False] for n in range(90)}),
        ({"a": [True]}, {"a": [True]}),
    )
    found = paired.paired_difference([[large, small]])
    assert found.value == pytest.approx(0.5) and found.clusters == 91


def test_error_with_fewer_samples_is_the_mean_over_all_ways_to_pick_them():
    values = {
        "a": [True, False, False],
        "b": [True, True, False],
        "c": [False, False, False],
        "d": [True, True, True],
    }
    found = components(values)
    assert found is not None and found.rate == pytest.approx(0.5)
    for k in (1, 2, 3):
        picks = itertools.product(*(list(itertools.combinations(x, k)) for x in values.values()))
        variances = [np.var([np.mean(x) for x in pick], ddof=1) / 4 for pick in picks]
        assert found.variance(k, 4) == pytest.approx(np.mean(variances))


def test_samples_lessen_one_part_of_the_error_and_prompts_both(verdicts: dict[Variant, list[dict]]):
    frame = pd.DataFrame(sample_counts(grouped(verdicts)))
    rows = frame[
        (frame["method"] == "base")
        & (frame["prompt_set"] == "safety_average")
        & (frame["part"] == "reasoning")
    ]
    assert list(rows["samples_per_prompt"]) == [1, 2, 3] and rows["rate"].nunique() == 1
    assert (
        rows["standard_error"].is_monotonic_decreasing
        and (rows["standard_error"] > rows["se_infinite_samples"]).all()
    )
    assert list(rows["se_plus_one_sample"])[:2] == pytest.approx(list(rows["standard_error"])[1:])
    assert (rows["se_same_budget_new_prompts"] <= rows["se_plus_one_sample"]).all() and rows[
        "within_share"
    ].between(0, 1).all()
    single = frame[(frame["prompt_set"] == "direct") & (frame["part"] == "reasoning")].iloc[0]
    assert single["standard_error"] == pytest.approx(
        math.sqrt((single["between"] + single["within"]) / 30), rel=0.05
    )


def test_one_sample_a_prompt_tells_the_error_and_not_its_parts():
    row = pd.DataFrame(sample_counts(grouped(verdicts_of(1, samples=1)))).iloc[0]
    assert (
        row["samples_per_prompt"] == 1
        and row["standard_error"] > 0
        and row["se_same_budget_new_prompts"] < row["standard_error"]
    )
    assert all(
        math.isnan(row[name])
        for name in ("within", "within_share", "se_plus_one_sample", "se_infinite_samples")
    )
