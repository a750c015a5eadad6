"""Hard benign prompts: allowed requests in the words and wrappers of harmful ones, in any kind that has benign rows."""

import importlib
from typing import Any

import pytest

from safe_reasoning.config import Config
from safe_reasoning.core.errors import UserError
from safe_reasoning.pairs import demonstration
from safe_reasoning.plan.estimate import plan
from safe_reasoning.plan.training_steps import counts
from tests.support.nano_material import configuration, material

KEPT = {"kind": "kept_rollouts"}
HARD = {**KEPT, "hard_benign": True}
SET = {"source": "nano_align_alarming", "role": "align_alarming", "limit": 6}


def run_of(settings: dict[str, Any], alarming: bool = True) -> Config:
    """A run whose only method beside ipo learns from demonstrations with these settings."""
    raw = configuration(d=settings).model_dump(exclude_unset=True)
    raw["methods"] = {
        "ipo": {"recipe": "ipo", "learning_rate": 1e-4},
        "m": {"recipe": "sft_on", "demonstrations": "d", "learning_rate": 1e-4},
    }
    raw["prompt_sets"] |= {"align_alarming": SET} if alarming else {}
    return Config.model_validate(raw)


def test_rollouts_of_hard_benign_prompts_are_sampled_where_a_method_asks_for_them():
    usual, hard = run_of(KEPT), run_of(HARD)
    assert demonstration.roles_of_rollouts(usual) == ("align_harmful", "align_benign", "characterize")
    assert demonstration.roles_of_rollouts(hard) == (
        *("align_harmful", "align_benign", "characterize"),
        "align_alarming",
    )
    unused = hard.model_copy(update={"methods": {"ipo": hard.methods["ipo"]}})
    assert demonstration.roles_of_rollouts(unused) == demonstration.roles_of_rollouts(usual)


def test_what_does_not_ask_for_them_stays_as_it_was():
    usual = demonstration.resolved(run_of(KEPT))
    assert "hard_benign" not in usual.model_dump(mode="json")["demonstrations"]["d"]
    assert demonstration.resolved(run_of(HARD)).model_dump()["demonstrations"]["d"]["hard_benign"] is True


def test_the_plan_counts_their_rollouts_and_rows():
    usual, hard = run_of(KEPT), run_of(HARD)
    generations = [
        next(step.generations for step in plan(run) if step.stage == "rollouts") for run in (usual, hard)
    ]
    assert generations[1] - generations[0] == 6 * hard.pairs.overrefusal_samples
    assert counts(hard, "d").benign - counts(usual, "d").benign == 6


@pytest.mark.parametrize(
    ("settings", "alarming", "said"),
    [
        (HARD, False, "demonstrations.d.hard_benign: no prompt set has role align_alarming: add one, or "),
        ({**HARD, "benign": False}, True, "demonstrations.d.hard_benign: these settings make no benign rows"),
        ({**HARD, "hard_benign": "often"}, True, "demonstrations.d.hard_benign: "),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(settings: dict[str, Any], alarming: bool, said: str):
    with pytest.raises(UserError, match=said) as caught:
        demonstration.resolved(run_of(settings, alarming))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "settings",
    [
        KEPT,
        {"kind": "primer"},
        {"kind": "structured", "form": "template"},
        {"kind": "corrected", "benign": True},
        {"kind": "derta"},
        {"kind": "understood"},
    ],
)
def test_any_kind_has_benign_rows_of_them_beside_the_same_others(settings: dict[str, Any]):
    build = importlib.import_module(f"safe_reasoning.pairs.demonstrations.{settings['kind']}").build
    usual = build(material(settings)).rows
    made = material({**settings, "hard_benign": True})
    rows = build(made).rows
    hard = [row for row in rows if made.prompts[row["prompt_id"]]["role"] == "align_alarming"]
    assert 0 < len(hard) <= 6 and {row["label"] for row in hard} == {"benign"}
    others = [row for row in rows if row not in hard]
    key = ("prompt_id", "completion_ids", "label")
    assert [[row[k] for k in key] for row in others] == [[row[k] for k in key] for row in usual]


def test_their_responses_are_judged_for_compliance_and_only_complying_ones_are_kept():
    made = material(HARD)
    alarming = [
        one for one in made.rollouts if made.prompts[one.row["prompt_id"]]["role"] == "align_alarming"
    ]
    assert len(alarming) == 6 * 4 and {one.label for one in alarming} == {"benign"}
    assert all(one.y_safe is not None and one.z_safe is None for one in alarming)
    assert not [one for one in material(KEPT).rollouts if one.row["prompt_id"].startswith("align_alarming")]
