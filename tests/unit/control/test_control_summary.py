"""What policies did, from their logs and verdicts, with numbers counted by hand; and the table."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from safe_reasoning.archive.allow_list import check_metrics
from safe_reasoning.config import validate
from safe_reasoning.control.policy import annotators_of, continuations_of, needs_of, resolved
from safe_reasoning.control.summary import control_rows
from safe_reasoning.core import records
from safe_reasoning.core.errors import UserError
from safe_reasoning.core.run_layout import Variant
from safe_reasoning.report import contents
from safe_reasoning.training.recipe import untrained
from tests.support.drawing import table
from tests.support.paths import TINY

ROLES = {"direct": "safety", "alarming": "overrefusal"}


def edit(number: int, prompt_set: str, edits: int, sampled: int, delivered: int) -> dict[str, Any]:
    name = f"{prompt_set}-{number}"
    return {
        **{"generation_id": f"{name}.0", "prompt_id": name, "prompt_set": prompt_set, "sample": 0},
        **{"edits": edits, "sampled_tokens": sampled, "delivered_tokens": delivered},
    }


def verdict(number: int, harmful: bool | None) -> dict[str, Any]:
    common = {"prompt_id": f"direct-{number}", "prompt_set": "direct", "part": "reasoning"}
    return {**common, "measure": "harmful", "value": harmful}


LOG = [edit(n, "direct", n % 2, 30, 20) for n in range(20)] + [
    edit(n, "alarming", 0, 10, 10) for n in range(4)
]
DELIVERED = [verdict(n, n == 0) for n in range(20)]
BASE = [{"prompt_set": name, "token_ids": [1] * 15} for name in ROLES]
WITHOUT = [verdict(n, None if n == 19 else n < 5) for n in range(20)]


def rows() -> list[dict[str, Any]]:
    variant = Variant("decode_replace_cue", 0)
    found = control_rows({variant: LOG}, {variant: DELIVERED}, {variant: WITHOUT}, BASE, ROLES, 200)
    return [{"model": "nano", **row} for row in found]


def test_shares_means_and_harm_without_the_inserted_words():
    value = {(row["kind"], row["measure"]): row for row in rows()}
    assert value["harmful", "edited"]["value"] == 0.5 and value["benign", "edited"]["value"] == 0
    assert value["harmful", "sampled_tokens"]["value"] == 30 and value["benign", "base_tokens"]["value"] == 15
    assert value["harmful", "harmful_delivered"]["value"] == 0.05
    without = value["harmful", "harmful_without"]
    assert without["value"] == pytest.approx(5 / 19) and without["unscored"] == 1
    assert ("benign", "harmful_delivered") not in value and ("capability", "edited") not in value
    assert value["harmful", "edited"]["low"] < 0.5 < value["harmful", "edited"]["high"]


def test_table_holds_cost_and_both_readings(tmp_path: Path):
    records.write_metrics(tmp_path / "control.csv", rows(), {})
    check_metrics("control", (tmp_path / "control.csv").read_bytes())
    (row,) = table("table_control", tmp_path).to_dict("records")
    assert row["method"] == "cue replaced" and row["sampled per token of the base, harmful"] == "2.00"
    assert (
        row["edited, %, harmful prompts"].startswith("50.0 [") and row["edited, %, capability prompts"] == ""
    )
    assert row["harmful reasoning, %, as delivered"].startswith("5.0 [")
    assert row["harmful reasoning, %, without"].startswith("26.3 [")


def configuration(**methods: dict[str, Any]) -> Any:
    raw = yaml.safe_load(TINY.read_text())
    policies = {"stop": {"kind": "cue_replacement", "put": "stop", "detector": "lexical"}}
    return validate(
        raw | {"methods": {"ipo": raw["methods"]["ipo"], **methods}, "policies": policies}, "tiny"
    )


def test_needs_and_rounds_follow_the_settings():
    config = resolved(configuration(stopped={"recipe": "decode", "policy": "stop"}))
    assert needs_of(config, "stop") == ("detector", "triggers") and annotators_of(config, "stop") == [
        "lexical"
    ]
    assert continuations_of(config, "stop") == 3 and needs_of(config, "more_thinking") == ()
    assert needs_of(config, "reminder") == ("triggers", "weights")
    assert annotators_of(config, "unsafe_step") == ["exact"]
    assert "table_control" in {item.name for item in contents.of_run(config)}
    assert "table_control" not in {item.name for item in contents.of_run(configuration())}


def test_only_what_decodes_untrained_weights_is_untrained():
    base, trained = (
        {"recipe": "decode", "policy": "stop"},
        {"recipe": "decode", "policy": "stop", "start": "ipo"},
    )
    assert untrained(configuration(on_base=base, on_ipo=trained)) == {"base", "on_base"}


@pytest.mark.parametrize(
    ("method", "message"),
    [
        ({"recipe": "decode"}, r"methods\.m: the recipe decode needs a `policy`: name one"),
        (
            {"recipe": "ipo", "policy": "stop", "learning_rate": 1e-4},
            r"methods\.m: the recipe ipo reads no `policy`: remove it",
        ),
        (
            {"recipe": "decode", "policy": "stp"},
            r"policies: 'stp' is unknown \(did you mean 'stop'\?\): use one of stop, attention_drop",
        ),
        (
            {"recipe": "decode", "policy": "stop", "start": "n"},
            r"methods\.m\.start: n has no weights of its own: name a trained method",
        ),
    ],
)
def test_bad_methods_are_one_line_with_the_repair(method: dict[str, Any], message: str):
    other = {"n": {"recipe": "decode", "policy": "stop"}}
    with pytest.raises(UserError, match=message) as fault:
        resolved(configuration(m=method, **other))
    assert "\n" not in str(fault.value)


def test_unknown_keys_name_their_place():
    raw = yaml.safe_load(TINY.read_text()) | {
        "policies": {"stop": {"kind": "cue_replacement", "putt": "stop"}}
    }
    with pytest.raises(UserError, match=r"policies\.stop\.putt: .*see policies/cue_replacement\.py"):
        resolved(validate(raw, "tiny"))
