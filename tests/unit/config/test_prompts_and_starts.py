"""Kinds of prompts, rewards, beginnings and starts: refused in one line, left out of dumps by default,
turned into files and counted by the plan.
"""

from typing import Any

import pytest
import yaml

from safe_reasoning import config
from safe_reasoning.config.pairs import Siblings
from safe_reasoning.core.errors import UserError
from safe_reasoning.plan.training_steps import training
from safe_reasoning.prompts.prompt_sets import make_prompt_set
from safe_reasoning.training import recipe
from tests.support.paths import ROOT

TINY = yaml.safe_load((ROOT / "tests/tiny.yaml").read_text())
TINY["evaluate"]["attacked_methods"] = []  # the methods here are others
SETS = TINY["prompt_sets"] | {
    "align_sums": {"source": "nano_align_sums", "role": "align_capability", "limit": 12},
    "align_alarming": {"source": "nano_align_alarming", "role": "align_alarming", "limit": 10},
}


def loaded(sets: dict[str, Any] = SETS, **methods: dict[str, Any]) -> config.Config:
    given = {name: {"learning_rate": 1e-4, **method} for name, method in methods.items()}
    read = config.validate(TINY | {"prompt_sets": sets, "methods": given}, "test.yaml")
    recipe.check_recipes(read)
    return read


@pytest.mark.parametrize(
    ("method", "named"),
    [
        (
            {"recipe": "grpo", "reward": "best"},
            "methods.m.reward: 'best' is unknown: use one of y, zy, label",
        ),
        (
            {"recipe": "ipo", "prefill": {"source": "own"}},
            "methods.m.prefill: ipo does not learn from prompts",
        ),
        ({"recipe": "sft", "prompts": {"benign": 1}}, "methods.m.prompts: sft does not learn from prompts"),
        ({"recipe": "grpo", "prompts": {"odd": 1}}, "methods.m.prompts"),
        ({"recipe": "grpo", "prompts": {"benign": 0}}, "methods.m.prompts"),
        ({"recipe": "grpo", "prompts": {}}, "methods.m.prompts"),
        ({"recipe": "grpo", "prefill": {"source": "own", "share": 1.5}}, "methods.m.prefill.share"),
        ({"recipe": "grpo", "start": "none"}, "methods.m.start: 'none' is unknown: use one of m, ipo"),
        ({"recipe": "grpo", "start": "m"}, "m < m is a circle of starts: break it"),
        ({"recipe": "distil_on_policy"}, "methods.m: distil_on_policy needs a teacher or a teacher_context"),
        ({"recipe": "grpo", "teacher": "ipo"}, "methods.m: grpo has no teacher: remove it"),
        ({"recipe": "distil_on_policy", "teacher": "none"}, "methods.m.teacher: 'none' is unknown"),
        ({"recipe": "ipo_stage2", "start": "ipo"}, "methods.m.start: ipo_stage2 has a start of its own"),
    ],
)
def test_faults_are_one_line_with_the_key(method: dict[str, Any], named: str):
    with pytest.raises(UserError) as caught:
        loaded(m=method, ipo={"recipe": "ipo"})
    assert named in str(caught.value) and "\n" not in str(caught.value)


def test_a_start_in_a_circle_or_on_another_model_is_refused():
    with pytest.raises(UserError, match="is a circle of starts: break it"):
        loaded(a={"recipe": "sft", "start": "b"}, b={"recipe": "sft", "start": "a"})
    two = TINY["models"] | {"other": TINY["models"]["nano"] | {"seed": 1}}
    methods = {
        "a": {"recipe": "sft", "learning_rate": 1e-4, "models": ["nano"]},
        "b": {"recipe": "sft", "learning_rate": 1e-4, "start": "a"},
    }
    with pytest.raises(UserError, match="methods.b.start: 'a' is unknown"):
        config.validate(TINY | {"models": two, "methods": methods}, "test")


def test_a_kind_of_prompts_needs_a_set_of_its_role():
    with pytest.raises(UserError, match="no prompt set has role align_capability: add one"):
        loaded(TINY["prompt_sets"], m={"recipe": "grpo", "prompts": {"harmful": 1, "capability": 1}})


def test_defaults_of_the_later_keys_are_left_out_of_dumps():
    plain = loaded(m={"recipe": "grpo"}).methods["m"]
    later = {"prompts", "prefill", "format_reward", "answer_reward", "loss_type", "kl_beta", "epsilon_high"}
    assert not (later | {"start"}) & plain.model_dump().keys()
    assert plain.prompts == {"harmful": 1.0} and (plain.loss_type, plain.kl_beta) == ("dapo", 0.0)
    given = {"prompts": {"harmful": 0.5, "benign": 0.5}, "kl_beta": 0.1, "prefill": {"source": "own"}}
    read = loaded(m={"recipe": "grpo", **given})
    dumped = yaml.safe_load(config.dump(read))
    assert dumped["methods"]["m"].keys() & later == given.keys()
    assert config.validate(dumped, "dump") == read


def test_files_follow_the_settings():
    methods = loaded(
        ipo={"recipe": "ipo"},
        a={"recipe": "grpo", "prefill": {"source": "opposite"}, "start": "ipo", "detector": "lexical"},
        b={"recipe": "grpo", "prefill": {"source": "own"}},
        c={"recipe": "sft", "start": "ipo"},
    )
    files = {name: recipe.input_files(method, "nano", 3) for name, method in methods.methods.items()}
    taught = loaded(ipo={"recipe": "ipo"}, d={"recipe": "distil_on_policy", "teacher": "ipo"}).methods["d"]
    assert recipe.input_files(taught, "nano", 0) == {"teacher": "models/nano/ipo/seed0/training.json"}
    assert recipe.goes_on_from(taught) is None
    start = {"start": "models/nano/ipo/seed3/training.json"}
    assert files["a"] == {"prefixes": "pairs/nano/prefixes_lexical.parquet", **start}
    assert files["b"] == {} and files["c"] == {"pairs": "pairs/nano/intervened_exact.parquet", **start}
    assert [recipe.goes_on_from(method) for method in methods.methods.values()] == [None, "ipo", None, "ipo"]
    assert recipe.stage1_files(methods, "nano") == ["models/nano/ipo/seed0/training.json"]
    assert recipe.pair_stems(methods, "nano") == ["intervened_exact", "prefixes_lexical"]


def test_the_plan_counts_the_prompts_of_each_kind():
    mixed = {"recipe": "grpo", "rollouts": 4, "epochs": 2, "prompts": {"harmful": 1, "capability": 3}}
    short = {**mixed, "max_steps": 5, "batch_size": 8}
    read = loaded(m=mixed, n=short).model_copy(
        update={"plan": config.Plan(completion_tokens=dict.fromkeys(config.Plan().completion_tokens, 100))}
    )
    tokens = {**read.plan.completion_tokens, "capability": 20}
    read = read.model_copy(update={"plan": read.plan.model_copy(update={"completion_tokens": tokens})})
    step = training(read, "nano", "m", read.methods["m"])
    assert step.generations == (20 + 12) * 2 * 4 and step.tokens == step.generations * (100 + 3 * 20) / 4
    assert training(read, "nano", "n", read.methods["n"]).generations == 5 * 8


def test_a_plan_without_the_later_roles_takes_lengths_of_like_ones():
    six = {"align_harmful": 1, "align_benign": 2, "characterize": 3, "safety": 4, "overrefusal": 5}
    plan = config.Plan(completion_tokens=six | {"capability": 6})
    assert (plan.length_of("align_alarming"), plan.length_of("align_capability")) == (2, 6)


def test_prompt_sets_of_the_later_roles():
    read = loaded(m={"recipe": "grpo"})
    assert {row["role"] for row in make_prompt_set("align_sums", read)} == {"align_capability"}
    assert {row["role"] for row in make_prompt_set("align_alarming", read)} == {"align_alarming"}


def test_methods_learn_from_the_search_that_they_name():
    read = loaded(
        ipo={"recipe": "ipo"},
        a={"recipe": "dpo_tree"},
        b={"recipe": "dpo_tree", "search": "ucb"},
        c={"recipe": "dpo_tree_short", "search": "ucb"},
    )
    files = [recipe.input_files(read.methods[name], "nano", 0)["pairs"] for name in "abc"]
    assert files == [f"pairs/nano/siblings_{stem}.parquet" for stem in ("best", "best_ucb", "short_ucb")]
    assert "search" not in read.methods["a"].model_dump() and "ucb" not in Siblings().model_dump()
    with pytest.raises(UserError, match="methods.ipo.search: ipo does not learn from siblings: remove it"):
        recipe.check_recipes(loaded(ipo={"recipe": "ipo", "search": "ucb"}))


def test_a_round_of_search_draws_its_trees_from_the_weights_that_it_starts_from():
    read = loaded(
        a={"recipe": "sft"},
        b={"recipe": "dpo_tree", "search": "ucb", "start": "a"},
        c={"recipe": "dpo_tree_short", "search": "ucb", "start": "b"},
    )
    assert recipe.input_files(read.methods["b"], "nano", 3) == {
        "pairs": "pairs/nano/siblings_best_ucb_of_a_seed3.parquet",
        "start": "models/nano/a/seed3/training.json",
    }
    files = recipe.input_files(read.methods["c"], "nano", 0)
    assert files["pairs"] == "pairs/nano/siblings_short_ucb_of_b_seed0.parquet"
    assert "siblings_best_ucb_of_a_seed0" in recipe.pair_stems(read, "nano")
    with pytest.raises(UserError, match="siblings along rollouts are the base's, and it starts from a: give"):
        recipe.check_recipes(loaded(a={"recipe": "sft"}, b={"recipe": "dpo_tree", "start": "a"}))
