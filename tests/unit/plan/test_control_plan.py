"""The plan of methods that decode under a policy: no weights, further rounds as a bound."""

import pytest
import yaml

from safe_reasoning.config import Config, validate
from safe_reasoning.control.policy import annotators_of, copies_of
from safe_reasoning.judging.kinds import sharing_a_gpu
from safe_reasoning.plan import memory
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


@pytest.mark.parametrize(
    ("policy", "settings", "parts"),
    [
        ("cue_replacement", {}, 1),
        ("reminder", {"when": "first"}, 1),  # without the entropies that it needs the weights for
        ("reminder", {"when": "below"}, 2),
        ("unsafe_step", {"scorer": "learned"}, 2),  # the base beside the model
        ("unsafe_step", {"scorer": "learned", "candidates": 2, "coherence": "likelihood"}, 3),
    ],
)
def test_weights_beside_the_engine_have_their_part_of_the_gpu(policy: str, settings: dict, parts: int):
    raw = yaml.safe_load(TINY.read_text())
    methods = {"ipo": raw["methods"]["ipo"], "m": {"recipe": "decode", "policy": "p"}}
    policies = {"p": {"kind": policy, **settings}}
    config = validate(raw | {"methods": methods, "policies": policies}, "tiny")
    shared = sharing_a_gpu(config, *annotators_of(config, "p"), copies=copies_of(config, "p"))
    assert shared.engine.gpu_memory_share == config.engine.gpu_memory_share / parts
    unattacked = config.model_copy(update={"attacks": {}})  # attacks that adapt open two engines
    assert memory.engines(unattacked, "nano") == parts
