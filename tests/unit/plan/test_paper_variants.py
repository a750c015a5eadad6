"""What stands beside config/paper.yaml: the run without internet and nodes with four GPUs, planned and fit to start."""

from collections.abc import Mapping
from typing import Any

import pytest

from safe_reasoning.config import Config, changed, dump, load, read, validate
from safe_reasoning.core.errors import UserError
from safe_reasoning.core.yaml_files import parse_yaml
from safe_reasoning.judging.kinds import chat_of
from safe_reasoning.plan.checked_config import checked
from safe_reasoning.plan.endpoints import expected
from safe_reasoning.plan.estimate import plan
from safe_reasoning.plan.judge_calls import price
from safe_reasoning.plan.memory import judge_problems, problems
from safe_reasoning.plan.rounding import about
from safe_reasoning.plan.step import totals
from safe_reasoning.plan.training_steps import parameters_of
from safe_reasoning.sources.table import parameters
from tests.support.paths import ROOT

PAPER, LOCAL = ROOT / "config/paper.yaml", ROOT / "config/paper_local_judge.yaml"
FOUR = ROOT / "config/overlays/four_gpus.yaml"
TWO_NODES = ROOT / "config/overlays/grpo_on_two_nodes.yaml"
DIFFERENT = {"run", "endpoints", "judges", "detectors", "attacks", "evaluate.judge", "evaluate.more_judges"}
DIFFERENT |= {
    "evaluate.audit",
    "characterize.detector",
    "engine.gpu_memory_share",
    "engine.grpo_memory_share",
}


@pytest.fixture(scope="module")
def local() -> Config:
    return checked(load(LOCAL))


def on_four(path: Any, *overlays: Any) -> Config:
    raw = changed(read(path), read(FOUR))
    for overlay in overlays:
        raw = changed(raw, read(overlay))
    return checked(validate(raw, str(FOUR)))


def different(one: Any, other: Any, place: str = "") -> set[str]:
    """Keys of two configurations that are not the same, at most two deep."""
    if (
        isinstance(one, Mapping)
        and isinstance(other, Mapping)
        and place.count(".") < 1
        and place not in DIFFERENT
    ):
        inner = {key: f"{place}.{key}" if place else key for key in {*one, *other}}
        return set().union(*(different(one.get(key), other.get(key), name) for key, name in inner.items()))
    return set() if one == other else {place}


def unfit(config: Config) -> list[str]:
    sizes = {model: parameters_of(config, model) for model in config.models}
    judges = {"qwen3guard_8b": parameters("qwen3guard_8b")}
    needed = totals(plan(config)).disk_gib
    return [*judge_problems(config, judges), *problems(config, sizes, needed, config.plan.disk_gib or 0)]


def test_the_local_run_differs_in_who_judges_detects_and_attacks_alone(local: Config):
    paper = load(PAPER).model_dump()
    methods = {name: entry for name, entry in paper["methods"].items() if name != "ipo_deepseek_r1"}
    for entry in methods.values():
        if entry["detector"] == "gpt_4o":
            entry["detector"] = "qwen3_8b"
    assert different(paper | {"methods": methods}, local.model_dump()) == DIFFERENT


def test_the_local_run_asks_no_endpoint(local: Config):
    assert not local.endpoints and not expected(local, plan(local))
    chats = {chat_of(name, local) for name in (*local.judges, *local.detectors)} - {None, ""}
    chats |= {chat for attack in local.attacks.values() for chat in attack.chats}
    assert chats and chats <= set(local.models)
    assert sum(price(local, step) for step in plan(local)) == 0


def test_the_local_run_fits_its_gpus_with_the_judge_beside_grpo(local: Config):
    assert not unfit(local)
    share = (
        local.engine.gpu_memory_share / 3
    )  # of the judge that rewards; the training shards 16 bytes a weight
    used = (share + local.engine.grpo_memory_share) * local.plan.gpu_memory_gib + 16 * 8.03 / 8 / 1.074 + 10
    assert used < 0.9 * local.plan.gpu_memory_gib


def test_the_page_states_what_the_plan_says(local: Config):
    page = " ".join((ROOT / "config/README.md").read_text().split())
    assert f"{about(totals(plan(local)).gpu_hours)} GPU-hours by `make plan`, no USD" in page


def test_four_gpus_do_not_hold_grpo_beside_the_guard_that_rewards():
    lines = unfit(on_four(LOCAL))
    assert lines and all(line.startswith("training grpo") for line in lines)


@pytest.mark.parametrize(("path", "overlays"), [(PAPER, []), (LOCAL, [TWO_NODES])])
def test_four_gpus_hold_the_same_batches(path: Any, overlays: list[Any]):
    eight, four = load(path), on_four(path, *overlays)
    assert four.plan.gpus == 4 and not unfit(four)
    for name, method in eight.methods.items():
        fitted = four.methods[name]
        assert fitted.processes == min(4, method.processes) and fitted.batch_size == method.batch_size
        assert fitted.batch_size % (fitted.processes * fitted.nodes * (fitted.micro_batch_size or 1)) == 0
    assert four.method("qwen3_8b", "ipo").processes == 4
    again = validate(parse_yaml(dump(four).encode(), "dump"), "dump")
    assert dump(again) == dump(four)


def test_a_configuration_without_nodes_stays_as_it_was():
    assert "node_gpus" not in dump(load(PAPER))
    one = {
        "resources": {"gpus": 2, "node_gpus": 4},
        "methods": {"ipo": {"per_model": {"qwen3_8b": {"processes": 8}}}},
    }
    config = validate(changed(read(PAPER), one), "one")
    assert config.methods["ipo"].processes == 2 == config.method("qwen3_8b", "ipo").processes  # two GPUs each


@pytest.mark.parametrize("value", [0, "four", 2.5])
def test_a_wrong_number_is_one_line(value: Any):
    with pytest.raises(UserError, match=r"resources\.node_gpus") as error:
        validate(changed(read(PAPER), {"resources": {"node_gpus": value}}), "mine")
    assert "\n" not in str(error.value)
