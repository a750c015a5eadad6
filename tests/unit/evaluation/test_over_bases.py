"""Tables over bases, from joined tables of made trainings on several bases."""

import math

import numpy as np
import pandas as pd
import pytest

from safe_reasoning.evaluation.over_bases import over_bases_tables
from tests.support.made_bases import BASES, joined_tables

pytestmark = [pytest.mark.xdist_group("over_bases"), pytest.mark.long]

HARM = "prompt_set == 'safety_average' and part == 'reasoning'"


@pytest.fixture(scope="module")
def joined() -> dict[str, list[dict]]:
    return joined_tables()


@pytest.fixture(scope="module")
def tables(joined: dict[str, list[dict]]) -> dict[str, pd.DataFrame]:
    return {name: pd.DataFrame(rows) for name, rows in over_bases_tables(joined, BASES).items()}


def one(frame: pd.DataFrame, query: str) -> pd.Series:
    rows = frame.query(query)
    assert len(rows) == 1
    return rows.iloc[0]


def test_rows_are_means_over_the_bases_at_both_places(tables: dict, joined: dict):
    for read_at, source in (("matched", "matched"), ("end", "rates")):
        row = one(tables["over_bases"], f"{HARM} and method == 'ipo' and read_at == '{read_at}'")
        of_bases = pd.DataFrame(joined[source]).query(f"{HARM} and method == 'ipo' and model in {BASES}")
        assert row["rate"] == pytest.approx(of_bases["rate"].mean())
        assert row["sd_bases"] == pytest.approx(of_bases["rate"].std(ddof=1)) and row["sd_bases"] > 0.05
        assert row["sd_seeds"] == pytest.approx(np.sqrt((of_bases["sd"] ** 2).mean()))
        assert (row["bases"], row["seeds"], row["model"]) == (3, 2, "3 bases")
        assert row["models"] == " ".join(BASES)
        half = 4.302653 * row["sd_bases"] / math.sqrt(3)
        assert row["rate"] - row["low"] >= min(half, row["rate"]) - 1e-9
    assert tables["over_bases"]["low"].min() >= 0 and tables["over_bases"]["high"].max() <= 1


def test_every_cell_of_the_joined_tables_has_its_row(tables: dict, joined: dict):
    names = ["method", "prompt_set", "part", "measure"]
    for read_at, source in (("matched", "matched"), ("end", "rates")):
        ours = tables["over_bases"].query(f"read_at == '{read_at}'")[names]
        theirs = pd.DataFrame(joined[source])[names].drop_duplicates()
        assert sorted(map(tuple, ours.values)) == sorted(map(tuple, theirs.values))


def test_differences_are_taken_within_each_base(tables: dict, joined: dict):
    """Bases lie 20 points apart and the methods always 10: the pairing takes the bases out."""
    query = f"{HARM} and method == 'sft' and reference == 'ipo' and read_at == 'end'"
    row = one(tables["over_bases_differences"], query)
    assert row["difference"] == pytest.approx(0.1) and row["sd_bases"] == pytest.approx(0, abs=1e-9)
    spread = one(tables["over_bases"], f"{HARM} and method == 'sft' and read_at == 'end'")["sd_bases"]
    assert spread == pytest.approx(0.2)
    assert (row["same_sign"], row["above"], row["below"], row["bases"]) == (3, 3, 0, 3)
    assert row["low"] == pytest.approx(row["prompt_low"]) and row["high"] == pytest.approx(row["prompt_high"])


def test_signs_are_counted_over_the_bases(joined: dict):
    values = {"base0": -0.3, "base1": 0.1, "base2": 1e-17}  # what is left of 0.4 - 0.4 is no sign
    rows = [
        {**row, "difference": values[row["model"]]}
        for row in joined["paired_differences"]
        if row["model"] in values and row["method"] == "sft" and row["reference"] == "ipo"
    ]
    found = over_bases_tables({"paired_differences": rows}, BASES)["over_bases_differences"]
    assert {(row["same_sign"], row["above"], row["below"]) for row in found} == {(1, 1, 1)}


def test_other_models_and_single_bases_have_no_part(joined: dict):
    assert {row["model"] for row in joined["rates"]} == {*BASES, "other"}
    assert over_bases_tables(joined, ["base0"]) == {"over_bases": [], "over_bases_differences": []}
    few = {**joined, "rates": [r for r in joined["rates"] if r["model"] == "base0" or r["method"] == "base"]}
    ends = [row for row in over_bases_tables(few, BASES)["over_bases"] if row["read_at"] == "end"]
    assert {row["method"] for row in ends} == {"base"}


def test_cells_without_a_score_are_left_out(joined: dict):
    rates = [{**r, "rate": math.nan} if r["model"] == "base1" else r for r in joined["rates"]]
    found = over_bases_tables({"rates": rates}, BASES)["over_bases"]
    assert {(row["bases"], row["models"]) for row in found} == {(2, "base0 base2")}
