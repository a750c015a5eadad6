"""The published numbers of related methods: a checked table, which the page on methods quotes."""

import re

import pandas as pd
import pytest

from safe_reasoning.prompts.nano_world.language import TRIGGERS
from tests.support.paths import PUBLISHED, ROOT

COLUMNS = ["system", "variant", "model", "benchmark", "part", "measure", "value", "unit"]
COLUMNS += ["judge", "source", "mark"]
README = (PUBLISHED / "README.md").read_text()
PAGE = (ROOT / "docs/methods.md").read_text()
PAPERS_MODELS = ("DS-8B", "DS-7B", "Qwen3-8B")
PLAIN = {"base", "sft", "grpo", "dapo"}
# Sets behind the averages that a source prints, by the start of its name and the average.
AVERAGES = {
    ("SaLT-DPO", "safety_average"): ("jailbreakbench", "strongreject", "wildjailbreak"),
    ("SaLT-DPO", "attacks_average"): ("prefill", "multi_turn"),
    ("SaLT-DPO", "reasoning_average"): ("mmlu_pro", "math500", "gpqa_diamond", "humaneval"),
    ("2601.23143", "safety_average"): ("harmbench", "strongreject", "wildjailbreak", "xstest"),
    ("2601.23143", "reasoning_average"): ("aime2024", "gsm8k", "math500", "gpqa"),
    ("DeShortcut", "refusal_average"): ("xstest", "oktest", "falsereject"),
    ("DeShortcut", "reasoning_average"): ("math500", "mmlu", "livecodebench", "humaneval"),
}


def related() -> pd.DataFrame:
    return pd.read_csv(PUBLISHED / "related.csv", keep_default_na=False, dtype={"value": str})


def table_rows(text: str, columns: int) -> list[list[str]]:
    """Cells of the table rows with so many columns, without heads and rules."""
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| ")]
    return [row for row in rows if len(row) == columns][1:]


def after(text: str, heading: str) -> str:
    return text.split(heading, 1)[1].split("\n#", 1)[0]


def test_columns_marks_and_parts():
    frame = related()
    assert list(frame.columns) == COLUMNS
    marks = {row[0] for row in table_rows(README.split("## Related methods")[0], 2)}
    assert set(frame["mark"]) <= marks - {"A"}  # nobody read these papers several times over
    assert set(frame["part"]) == {"reasoning", "response", "-"}
    needed = frame.drop(columns="variant")
    assert (needed != "").all(axis=None)
    assert (frame == frame.map(str.strip)).all(axis=None)


def test_each_value_is_in_the_range_of_its_unit():
    units = {row[0].strip("`"): [float(end) for end in row[1].split(" to ")] for row in table_rows(README, 3)}
    frame = related()
    assert set(frame["unit"]) == set(units)
    for row in frame.itertuples():
        low, high = units[row.unit]
        assert low <= float(row.value) <= high, row


def test_a_number_stands_once():
    frame = related()
    cell = ["system", "variant", "model", "benchmark", "part", "measure", "source"]
    again = frame[frame.duplicated(cell, keep=False)]
    assert again.empty, again.to_string()
    # What the paper prints is in table2.csv and other.csv alone.
    assert not frame["source"].str.contains("2509.24393").any()


def test_a_source_says_where_a_number_stands():
    known = re.compile(r"(\d{4}\.\d{5}( v\d)?|[\w-]+ \(arXiv id not found\)), .*\w")
    odd = [source for source in related()["source"].unique() if not known.fullmatch(source)]
    assert not odd
    notes = related()["source"].str.endswith("reader's notes")
    assert set(related()[notes]["mark"]) == {"B"}
    assert "B" not in set(related()[~notes]["mark"])


def test_every_system_has_a_row_on_the_page():
    described = {re.findall(r"`(\w+)`", row[0])[0] for row in table_rows(after(PAGE, "## Overview"), 7)}
    assert set(related()["system"]) - PLAIN <= described
    assert all(f"`{name}`" in PAGE for name in PLAIN)


def test_a_safety_score_is_no_harm():
    frame = related()
    scores = frame[frame["source"].str.startswith("2510.00938") & (frame["measure"] == "safety")]
    assert set(scores["unit"]) == {"safe_pct"}
    best = scores[scores["benchmark"] == "strongreject"].set_index("system")["value"].astype(float)
    assert best["recap"] > best["base"] > 50  # as harm, the trained model would be the worst


@pytest.mark.parametrize(("source", "average"), AVERAGES)
def test_printed_averages_agree_with_the_cells_beside_them(source: str, average: str):
    frame = related()
    frame = frame[frame["source"].str.startswith(source)].astype({"value": float})
    where = ["system", "variant", "model", "part", "source"]
    cells = frame[frame["benchmark"].isin(AVERAGES[source, average])]
    cells = cells[~cells["measure"].str.contains("share|safe ")]
    printed = frame[frame["benchmark"] == average].set_index(where)["value"]
    computed = cells.groupby(where)["value"].agg(["mean", "size"]).loc[printed.index]
    assert len(printed) and (computed["size"] == len(AVERAGES[source, average])).all()
    away = (computed["mean"] - printed).abs()
    assert away.max() < 0.11, away[away >= 0.11].to_string()


def strongreject(source: str, system: str, model: str) -> list[str]:
    """Values of the responses to StrongREJECT, and what they are counted in."""
    if source == "2509.24393":
        frame = pd.read_csv(PUBLISHED / "table2.csv", dtype={"value": str})
        frame = frame.rename(columns={"method": "system"})
    else:
        frame = related()
        frame = frame[
            frame["source"].str.startswith(source) & (frame["variant"].isin(["", "rerun, 1k rows"]))
        ]
    rows = frame[(frame["system"] == system) & (frame["model"] == model) & (frame["part"] == "response")]
    rows = rows[rows["benchmark"] == "strongreject"]
    return [f"{row.value} {row.unit}" for row in rows.itertuples()]


def math500(source: str) -> list[str]:
    name = "table2" if source == "2509.24393" else "related"
    frame = pd.read_csv(PUBLISHED / f"{name}.csv", dtype={"value": str})
    frame = frame.rename(columns={"method": "system"})
    if name == "related":
        frame = frame[frame["source"].str.startswith(source)]
    rows = frame[(frame["system"] == "base") & (frame["model"] == "DS-8B")]
    return list(rows[rows["benchmark"] == "math500"]["value"])


def test_the_page_shows_each_protocol_as_it_is_stored():
    rows = table_rows(after(PAGE, "<!-- protocols -->"), 8)
    assert len(rows) == 6
    for source, _, unit, *cells, mathematics in rows:
        for (system, model), cell in zip(
            [("base", "DS-8B"), ("star1", "DS-8B"), ("base", "DS-7B"), ("star1", "DS-7B")],
            cells,
            strict=True,
        ):
            stored = strongreject(source, system, model)
            assert stored == ([] if cell == "-" else [f"{cell} {unit}"]), (source, system, model)
        assert math500(source) == ([] if mathematics == "-" else [mathematics]), source


def test_numbers_that_the_page_quotes_are_of_the_source_it_names():
    frame = related()
    rows = table_rows(after(PAGE, "<!-- telling -->"), 3)
    assert len(rows) >= 10
    for question, source, text in rows:
        stored = set(frame[frame["source"].str.startswith(source)]["value"])
        quoted = re.findall(r"\d+\.\d+", text)
        assert quoted and set(quoted) <= stored, (question, set(quoted) - stored)


def test_how_often_a_trigger_holds_is_what_the_world_sets():
    assert f"for the theme `risk` {TRIGGERS['risk'][0]})" in PAGE


def test_prompts_whose_reasonings_are_all_safe_are_those_of_the_demo():
    diversity = pd.read_csv(ROOT / "results/reference/demo/metrics/rollout_diversity.csv")
    all_safe = diversity[diversity["safe_rollouts"] == diversity["rollouts"]]["prompts"].item()
    text = f"of the demo's {diversity['prompts'].sum()} prompts {all_safe} have"
    assert text in " ".join(PAGE.split())


def test_other_models_stand_where_the_papers_models_say_nothing():
    frame = related()
    ours = set(frame[frame["model"].isin(PAPERS_MODELS)]["system"])
    assert {"salt_dpo", "recap", "thinksafe", "advchain", "alttrain", "safepath"} <= ours
    for name in ("alphaalign", "backtrack", "derta", "armor", "stair", "sinternal"):
        assert name not in ours and name in set(frame["system"])
