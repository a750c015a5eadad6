"""Resets against counts by hand, and beside the readings in their table."""

from pathlib import Path

import pandas as pd
import pytest
import yaml

from safe_reasoning.archive.allow_list import check_metrics
from safe_reasoning.config import validate
from safe_reasoning.core import records
from safe_reasoning.core.errors import UserError
from safe_reasoning.core.run_layout import Variant
from safe_reasoning.core.trace import RESET_TAG
from safe_reasoning.evaluation.resets import reset_rows
from safe_reasoning.judge_audit.compare_judges import rates_by_judge
from safe_reasoning.judging.kinds import resolved
from safe_reasoning.report import contents
from tests.support.drawing import table
from tests.support.judge_metrics import verdict
from tests.support.paths import TINY

ROLES = {"direct": "safety", "jailbreak": "safety", "overrefusal": "overrefusal"}
TAKEN = "x" * (30 - len(RESET_TAG)) + RESET_TAG + "y" * 10  # three quarters are taken back


def generations(texts: dict[str, list[str]]) -> list[dict]:
    return [
        {"prompt_set": name, "prompt_id": f"{name}-{number}", "text": text}
        for name, several in texts.items()
        for number, text in enumerate(several)
    ]


def made() -> dict[Variant, list[dict]]:
    """Base without a reset; a method with 3 of 4, 1 of 2 and a false one of 5."""
    plain = {"direct": ["a"] * 4, "jailbreak": ["a"] * 2, "overrefusal": ["a"] * 5}
    turned = {"direct": [TAKEN] * 3 + ["a"], "jailbreak": [TAKEN, ""], "overrefusal": [TAKEN, *"abcd"]}
    return {Variant("base", 0): generations(plain), Variant("backtrack_built", 0): generations(turned)}


def test_shares_counted_by_hand():
    rows = (
        pd.DataFrame(reset_rows(made(), ROLES, {}, 100))
        .set_index(["method", "prompt_set", "measure"])
        .sort_index()
    )
    found = rows.loc["backtrack_built", "rate"]
    assert found["direct", "reset"] == 3 / 4 and found["jailbreak", "reset"] == 1 / 2
    assert found["safety_average", "reset"] == pytest.approx((3 / 4 + 1 / 2) / 2)
    assert found["direct", "taken_back"] == pytest.approx(3 / 4 * 3 / 4)
    assert found["overrefusal", "reset"] == 1 / 5 and (rows.loc["base", "rate"] == 0).all()
    assert (rows["unscored"] == 0).all()


def write(folder: Path) -> Path:
    """Metrics in which the second reading of one method says less of the reasoning."""
    records.write_metrics(
        folder / "resets.csv", [{"model": "nano", **row} for row in reset_rows(made(), ROLES, {}, 100)], {}
    )
    harm = {"exact": 8, "displayed": 2}
    verdicts = {
        judge: {
            Variant(method, 0): [
                verdict(f"direct-{n}.0", n < (count if part == "reasoning" and method != "base" else 5), part)
                for n in range(10)
                for part in ("reasoning", "response")
            ]
            for method in ("base", "backtrack_built")
        }
        for judge, count in harm.items()
    }
    rates = rates_by_judge(verdicts, {"direct": "safety"}, 100, {})
    records.write_metrics(folder / "judge_rates.csv", [{"model": "nano", **row} for row in rates], {})
    return folder


def test_readings_stand_side_by_side_with_resets(tmp_path: Path):
    rows = table("table_readings", write(tmp_path))
    assert list(rows.columns[:6]) == [
        *("model", "method", "seed", "harmful reasoning, exact", "harmful reasoning, displayed"),
        "harmful response, exact",  # the other reading says the same of it
    ]
    method = rows.set_index("method").loc["BackTrack, built"]
    assert method["harmful reasoning, exact"].startswith("80.0 [")
    assert method["harmful reasoning, displayed"].startswith("20.0 [")
    assert method["resets, safety sets"].startswith("62.5 [")
    assert method["resets, overrefusal"].startswith("20.0 [") and "resets, direct" not in rows.columns
    assert method["taken back"].startswith("46.9 [")  # mean of 56.25 and 37.5
    for path in tmp_path.glob("*.csv"):
        check_metrics(path.stem, path.read_bytes())


def test_the_table_is_drawn_where_it_is_asked_for():
    raw = yaml.safe_load(TINY.read_text())
    raw["judges"] = {"shown": {"kind": "displayed", "by": "exact"}}

    def items(**evaluate: object) -> set[str]:
        read = resolved(validate(raw | {"evaluate": {**raw["evaluate"], **evaluate}}, "test"))
        return {item.name for item in contents.of_run(read)}

    assert "table_readings" in items(resets=True, more_judges=["shown"])
    assert "table_readings" not in items(resets=False, more_judges=["shown"])
    with pytest.raises(UserError, match=r"evaluate.resets: .* name a judge of kind displayed"):
        items(resets=True, more_judges=[])
