"""The plan of methods that decode under a policy: no weights, further rounds as a bound."""

import yaml

from safe_reasoning.config import Config, validate
from safe_reasoning.plan.checked_config import checked
from safe_reasoning.plan.estimate import plan
from tests.support.paths import TINY


def run(**methods: dict) -> Config:
    raw = yaml.safe_load(TINY.read_text())
    return checked(validate(raw | {"methods": {"ipo": raw["methods"]["ipo"], **methods}}, "tiny"))


REPLACE = {"recipe": "decode", "policy": "cue_replacement"}
REMIND = {"recipe": "decode", "policy": "reminder", "start": "ipo"}
ASKED = 6 * 6 + 2  # prompts of the sets that are evaluated


def test_policies_have_no_training_and_at_most_their_rounds():
    steps = {step.stage: step for step in plan(run(replace=REPLACE, remind=REMIND))}
    assert not {"training replace", "weights of replace", "weights of remind"} & steps.keys()
    further = steps["decode-time control, further rounds"]
    assert further.generations == ASKED * (3 + 1) and further.bound and further.jobs == 0
    assert steps["evaluation"].generations == ASKED * 4 and steps["evaluation"].jobs == 4


def test_recovery_asks_only_methods_with_weights():
    with_policy = {step.stage: step for step in plan(run(replace=REPLACE))}
    without = {step.stage: step for step in plan(run())}
    assert with_policy["recovery"].generations == without["recovery"].generations
    assert "decode-time control, further rounds" not in without
