"""Curves along training and methods at matched compliance, from made verdicts with known rates."""

import pandas as pd
import pytest

from safe_reasoning.core.run_layout import Variant, id_at, share_of
from safe_reasoning.evaluation.curves import curve_rows, paths_along_training
from safe_reasoning.evaluation.matched import matched_tables
from tests.support.made_curves import MADE, PROMPTS, ROLES, made_paths, verdicts

HARM = ("safety_average", "reasoning", "harmful")


def cell(frame: pd.DataFrame, method: str, key: tuple[str, str, str] = HARM) -> pd.Series:
    rows = frame[(frame["method"] == method) & (frame[["prompt_set", "part", "measure"]] == key).all(axis=1)]
    assert len(rows) == 1
    return rows.iloc[0]


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    found = matched_tables(made_paths(), ROLES, 0.95, 500, {})
    return {name: pd.DataFrame(rows) for name, rows in found.items()}


def test_ids_of_kept_weights_carry_their_share():
    assert share_of(id_at("direct-0001.2", 0.25)) == 0.25 and share_of(id_at("a@b.0", 0.07)) == 0.07


def test_a_second_stage_goes_on_from_the_first():
    paths = made_paths()
    assert list(paths[Variant("ipo", 0)]) == [0.0, 0.5, 1.0]
    assert list(paths[Variant("ipo_stage2", 0)]) == [0.0, 0.5, 1.0, 1.5, 2.0]
    assert paths[Variant("ipo_stage2", 0)][1.0] == paths[Variant("ipo", 0)][1.0]
    assert list(paths[Variant("base", 0)]) == [0.0]


def test_a_training_that_had_nothing_to_do_has_no_length():
    ends = {Variant(name, 0): verdicts((0.5, 1.0)) for name in ("base", "ipo", "ipo_stage2")}
    kept = {Variant("ipo", 0): verdicts((0.6, 1.0), 0.5), Variant("ipo_stage2", 0): []}
    paths = paths_along_training(ends, kept, {"ipo_stage2": "ipo"})
    assert list(paths[Variant("ipo_stage2", 0)]) == list(paths[Variant("ipo", 0)]) == [0.0, 0.5, 1.0]


def test_a_method_that_is_not_trained_has_the_base_and_its_end():
    ends = {Variant(name, 0): verdicts((harm, 1.0)) for name, harm in (("base", 0.8), ("decoded", 0.2))}
    paths = paths_along_training(ends, {}, {})
    assert list(paths[Variant("decoded", 0)]) == [0.0, 1.0] and list(paths[Variant("base", 0)]) == [0.0]
    assert paths[Variant("decoded", 0)][0.0] == ends[Variant("base", 0)]


def test_a_training_that_starts_from_released_weights_has_those_before_it():
    ends = {Variant(name, 0): verdicts((0.5, 1.0)) for name in ("base", "star1", "ipo")}
    kept = {Variant("ipo", 0): verdicts((0.6, 1.0), 0.5)}
    paths = paths_along_training(ends, kept, {"ipo": "star1"})
    assert list(paths[Variant("ipo", 0)]) == [0.0, 1.0, 1.5, 2.0]
    assert list(paths[Variant("star1", 0)]) == [0.0, 1.0]


def test_weights_that_others_released_have_no_spread_of_trainings():
    """Their seeds are further samples of the same weights."""
    paths = made_paths(seeds=(0, 1))
    rows = pd.DataFrame(matched_tables(paths, ROLES, 0.95, 200, {}, {"base", "sft"})["matched"])
    curves = pd.DataFrame(curve_rows(paths, ROLES, 200, {}, {"base", "sft"}))
    assert pd.isna(cell(rows, "sft")["sd"]) and cell(rows, "ipo")["sd"] == pytest.approx(0)
    assert pd.isna(cell(curves[curves["steps_share"] == 1.0], "sft")["sd"])


def test_cells_of_help_are_marked(tables: dict[str, pd.DataFrame]):
    curves = pd.DataFrame(curve_rows(made_paths(), ROLES, 100, {}))
    for frame in (curves, tables["matched"]):
        marked = frame.loc[frame["help"], ["prompt_set", "part", "measure"]].drop_duplicates()
        assert marked.values.tolist() == [["overrefusal", "response", "correct"]]


def test_curves_hold_the_rate_at_every_checkpoint():
    frame = pd.DataFrame(curve_rows(made_paths(), ROLES, 200, {}))
    for method, of_shares in MADE.items():
        for share, (harm, helped) in of_shares.items():
            at = frame[
                (frame["method"] == method) & (frame["steps_share"] == share + (method == "ipo_stage2"))
            ]
            assert cell(at, method)["rate"] == pytest.approx(harm)
            assert cell(at, method, ("overrefusal", "response", "correct"))["rate"] == pytest.approx(helped)


@pytest.mark.parametrize(
    ("method", "at", "harm"),
    [("base", 0.0, 0.8), ("sft", 1.0, 0.5), ("ipo", 0.55, 0.36), ("dpo_natural", 0.03125, 0.75625), ("ipo_stage2", 2.0, 0.1)],
)  # fmt: skip
def test_methods_are_read_where_right_answers_are_kept(tables: dict, method: str, at: float, harm: float):
    """All comply throughout: recipes that are wrong do not count as help."""
    row = cell(tables["matched"], method)
    assert row["at"] == pytest.approx(at) and row["rate"] == pytest.approx(harm)
    assert row["low"] < row["rate"] < row["high"]
    kept = cell(tables["matched"], method, ("overrefusal", "response", "correct"))["rate"]
    assert kept >= 0.95 - 1e-9


def test_differences_are_paired_by_prompt_and_turned_the_right_way(tables: dict):
    frame = tables["matched_differences"].query("part == 'reasoning'").set_index(["method", "reference"])
    row = frame.loc[("sft", "ipo")]
    assert row["difference"] == pytest.approx(0.5 - 0.36) and 0 < row["low"] < row["high"]
    assert frame.loc[("ipo", "base"), "difference"] == pytest.approx(0.36 - 0.8)
    apart = cell(tables["matched"], "sft")["high"] - cell(tables["matched"], "sft")["low"]
    assert row["high"] - row["low"] < 2 * apart


def test_further_pairs_are_compared_in_a_table_of_their_own(tables: dict):
    assert "contrasts" not in tables
    pairs = [("dpo_natural", "sft"), ("sft", "ipo")]
    found = matched_tables(made_paths(), ROLES, 0.95, 500, {}, further=pairs)
    pd.testing.assert_frame_equal(pd.DataFrame(found["matched_differences"]), tables["matched_differences"])
    frame = pd.DataFrame(found["contrasts"]).query("part == 'reasoning'").set_index(["method", "reference"])
    assert list(frame.index) == pairs
    assert frame.loc[pairs[0], "difference"] == pytest.approx(0.75625 - 0.5)
    again = tables["matched_differences"].query("part == 'reasoning'").set_index(["method", "reference"])
    assert frame.loc[pairs[1], "low"] == again.loc[pairs[1], "low"]


def test_the_uncertainty_of_the_place_widens_the_interval():
    """Where harm falls steeply as help does, fewer benign prompts say less about where to read."""
    steep = {"ipo": {0.5: (0.8, 1.0), 1.0: (0.0, 0.9)}}
    widths = []
    for prompts in (20, 200):
        rows = pd.DataFrame(
            matched_tables(made_paths(steep, prompts=prompts), ROLES, 0.95, 500, {})["matched"]
        )
        row = cell(rows, "ipo")
        widths.append(row["high"] - row["low"])
    assert widths[1] < 0.7 * widths[0]


def test_seeds_add_their_spread():
    rows = pd.DataFrame(matched_tables(made_paths(seeds=(0, 1, 2)), ROLES, 0.95, 200, {})["matched"])
    row = cell(rows, "ipo")
    assert row["seeds"] == 3 and row["sd"] == pytest.approx(0) and row["samples"] == 600


def test_without_benign_prompts_nothing_is_matched():
    paths = {
        variant: {
            share: [row for row in rows if row["prompt_set"] != "overrefusal"] for share, rows in path.items()
        }
        for variant, path in made_paths().items()
    }
    assert matched_tables(paths, ROLES, 0.95, 100, {}) == {"matched": [], "matched_differences": []}
    with_pairs = matched_tables(paths, ROLES, 0.95, 100, {}, further=[("ipo", "sft")])
    assert with_pairs["contrasts"] == [], "the rule's file is written all the same"


def test_a_method_whose_reasoning_is_never_scored_has_no_rate_there():
    """A policy that closes the reasoning at once leaves nothing to judge."""
    closed = [{**row, "value": None} if row["part"] == "reasoning" else row for row in verdicts((0.2, 1.0))]
    ends = {Variant("base", 0): verdicts((0.8, 1.0)), Variant("closed", 0): closed}
    rows = matched_tables(paths_along_training(ends, {}, {}), ROLES, 0.95, 100, {})["matched"]
    found = cell(pd.DataFrame(rows), "closed")
    assert pd.isna(found["rate"]) and pd.isna(found["low"]) and found["unscored"] == 2 * PROMPTS
    response = cell(pd.DataFrame(rows), "closed", ("safety_average", "response", "harmful"))
    assert response["rate"] == pytest.approx(0.1)
