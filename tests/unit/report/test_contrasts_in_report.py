"""The table of pairs of methods, and the pairs that a configuration may name."""

from pathlib import Path

import pandas as pd
import pytest
import yaml

from safe_reasoning.config import validate
from safe_reasoning.core.errors import UserError
from safe_reasoning.core.records import write_metrics
from safe_reasoning.evaluation.matched import matched_tables
from safe_reasoning.report import contents
from tests.support.drawing import table
from tests.support.made_curves import ROLES, made_paths
from tests.support.paths import ROOT

NAME = "table_contrasts"
DEMO = yaml.safe_load((ROOT / "config/demo.yaml").read_text())


def with_pairs(*pairs: list[str], **evaluate: object) -> dict:
    return DEMO | {"evaluate": DEMO["evaluate"] | {"contrasts": list(pairs)} | evaluate}


def test_a_pair_is_one_row_in_points(tmp_path: Path):
    pairs = [("dpo_natural", "sft"), ("ipo", "sft")]
    rows = matched_tables(made_paths(), ROLES, 0.95, 200, {}, further=pairs)["contrasts"]
    write_metrics(tmp_path / "contrasts.csv", [{"model": "nano", **row} for row in rows], {})
    frame = table(NAME, tmp_path)
    assert list(frame["compared"]) == [
        "DPO (natural pairs) − SFT (chosen side)",
        "IPO (stage 1) − SFT (chosen side)",
    ]
    assert frame.loc[1, "harmful reasoning, points"].startswith("-14.0 [")
    stored = pd.read_csv(tmp_path / "contrasts.csv")
    row = stored[(stored["method"] == "ipo") & (stored["part"] == "response")].iloc[0]
    said = f"{100 * row['difference']:.1f} [{100 * row['low']:.1f}, {100 * row['high']:.1f}]"
    assert frame.loc[1, "harmful response, points"] == said


def test_the_table_is_there_where_pairs_are_named():
    asked = {item.name for item in contents.of_run(validate(with_pairs(["sft", "dpo_full"]), "mine.yaml"))}
    without = {item.name for item in contents.of_run(validate(DEMO, "mine.yaml"))}
    assert asked - without == {NAME} and not without - asked


@pytest.mark.parametrize(
    ("raw", "named"),
    [
        (with_pairs(["sft", "dpo_ful"]), "evaluate.contrasts: 'dpo_ful' is unknown"),
        (with_pairs(["sft", "sft"]), r"evaluate.contrasts: \[sft, sft\]: give two methods"),
        (with_pairs(["sft", "base"], ["sft", "base"]), "each pair once"),
        (with_pairs(["sft", "base"], checkpoints=[]), "evaluate.contrasts: .* add checkpoints"),
        (with_pairs(["sft"]), "evaluate.contrasts"),
    ],
)
def test_other_pairs_are_refused_in_one_line(raw: dict, named: str):
    with pytest.raises(UserError, match=named) as caught:
        validate(raw, "mine.yaml")
    assert "\n" not in str(caught.value)
