"""A run without the analyses of section 2 makes only what its methods need, and its report says no more."""

from typing import Any

import pytest
import yaml

from safe_reasoning.config import Config, validate
from safe_reasoning.plan.characterized import characterized
from safe_reasoning.plan.checked_config import checked
from safe_reasoning.plan.estimate import plan
from safe_reasoning.report import contents
from safe_reasoning.report.traces.files import Files
from tests.support.paths import TINY

PAIRS = {"recipe": "ipo", "detector": "lexical", "learning_rate": 1e-3}
REWARDS = {"recipe": "grpo", "learning_rate": 1e-3}
ANALYSED = {"fig5a_csr_curves", "fig_sensitivity", "table_triggers", "fig5b_cue_correlation", "fig6_intervention_curve"}  # fmt: skip
STAGES = ("continuation safety ratio", "trigger trials", "corrective interventions")


def run(analyses: bool, **methods: Any) -> Config:
    raw = yaml.safe_load(TINY.read_text())
    raw["characterize"] |= {"analyses": analyses}
    raw["evaluate"] |= {"adaptive_attacks": [], "attacked_methods": []}
    return checked(validate(raw | {"methods": methods}, "test"))


def stages(config: Config) -> list[str]:
    planned = {step.stage for step in plan(config)}
    return [stage for stage in STAGES if stage in planned]


@pytest.mark.parametrize(
    ("methods", "needed"),
    [
        ({"grpo": REWARDS}, []),
        ({"ipo": PAIRS}, ["csr.parquet", "triggers.json"]),
        ({"grpo": REWARDS | {"prefill": {"source": "opposite"}}}, ["csr.parquet", "triggers.json"]),
        ({"grpo": REWARDS | {"prefill": {"source": "own"}}}, []),
        ({"sft": {"recipe": "sft_on", "demonstrations": "kept_rollouts", "learning_rate": 1e-3}}, []),
        (
            {"sft": {"recipe": "sft_on", "demonstrations": "corrected", "learning_rate": 1e-3}},
            ["csr.parquet", "triggers.json"],
        ),
        ({"cut": {"recipe": "decode", "policy": "cue_replacement"}}, ["csr.parquet", "triggers.json"]),
    ],
)
def test_triggers_are_made_only_where_a_method_needs_them(methods: dict[str, Any], needed: list[str]):
    config = run(False, **methods)
    assert characterized(config, "nano") == needed
    assert stages(config) == list(STAGES[: len(needed)])
    assert stages(run(True, **methods)) == list(STAGES)


def test_the_report_leaves_out_what_was_not_analysed(tmp_path: Any):
    with_all, without = run(True, ipo=PAIRS), run(False, ipo=PAIRS)
    names = [{item.name for item in contents.of_run(config)} for config in (with_all, without)]
    assert names[0] - names[1] == {*ANALYSED, "table_cue_localisation"}
    files = [{path.name for path in Files(tmp_path, config, "nano").all()} for config in (with_all, without)]
    assert files[0] - files[1] == {
        "csr.parquet",
        "triggers.json",
        "interventions.parquet",
        "turning_points.csv",
    }


def test_a_run_without_a_kl_curve_has_no_figure_of_it():
    raw = yaml.safe_load(TINY.read_text())
    raw["evaluate"] |= {"kl_traces": 0}
    names = {item.name for item in contents.of_run(checked(validate(raw, "test")))}
    assert "fig7_kl" not in names and "fig_main" in names
