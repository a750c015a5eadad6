"""What does not fit a GPU, and that what a plan proposes instead does."""

import re
from typing import Any

import pytest
import yaml

from safe_reasoning.config import Config, load, validate
from safe_reasoning.config.loading import changed, read
from safe_reasoning.core.errors import UserError
from safe_reasoning.plan import memory
from safe_reasoning.plan.training_memory import training_gib
from safe_reasoning.plan.training_steps import parameters_of
from safe_reasoning.training.recipe import check_recipes
from tests.support.paths import ROOT

PAPER = ROOT / "config/paper.yaml"
EIGHT = {"ds_llama_8b": 8.0}


@pytest.fixture(autouse=True)
def in_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def paper(**changes: Any) -> Config:
    """The paper's configuration with changes; an entry of null is left out."""
    raw = changed(read(PAPER), changes)
    raw["methods"] = {name: method for name, method in raw["methods"].items() if method is not None}
    return validate(raw, "test")


def lines(config: Config, parameters: dict[str, float]) -> list[str]:
    return memory.problems(config, parameters, 1, 2)


SMALL = {"gpus": 4, "gpu_memory_gib": 40}


def test_what_does_not_fit_is_said_before():
    config = load(PAPER)
    assert memory.problems(config, EIGHT, 100, 200) == []
    assert "100 GiB of disk, 50 are free" in memory.problems(config, EIGHT, 100, 50)[0]
    large = lines(config, {"ds_llama_8b": 70.0})
    assert any("training ipo, ipo_stage2" in line and "leave it out" in line for line in large)
    small = lines(paper(plan={"gpu_memory_gib": 24}), EIGHT)
    assert any("ipo" in line and "25 GiB a GPU, a GPU has 22" in line for line in small)
    few = lines(paper(plan={"gpus": 4}), EIGHT)
    assert any("takes 8 processes, there are 4 GPUs: set processes: 4" in line for line in few)


def test_the_page_says_how_it_fits_four_gpus_of_40_gb():
    blocks = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs/paper-scale.md").read_text(), re.DOTALL)
    config = paper(**yaml.safe_load(blocks[0]))
    check_recipes(config)
    assert (config.plan.gpus, config.plan.gpu_memory_gib) == (4, 40)
    assert lines(config, {model: parameters_of(config, model) for model in config.models}) == []
    without = {name: None for name in ("grpo_zy", "grpo_y")}
    assert lines(paper(plan=SMALL, methods=without), EIGHT) != []


def test_the_kl_curve_never_blocks_a_run():
    """Each setting that its line names makes the line go away."""
    (line,) = [line for line in lines(paper(plan=SMALL), EIGHT) if "KL curve" in line]
    named = re.findall(r"evaluate\.(kl_\w+): (\w+)", line)
    assert [key for key, _ in named] == ["kl_one_by_one", "kl_dtype", "kl_traces"]
    for key, value in named:
        changed_here = paper(plan=SMALL, evaluate={key: yaml.safe_load(value)})
        assert not any("KL curve" in line for line in lines(changed_here, EIGHT))
    tiny = paper(plan={"gpus": 1, "gpu_memory_gib": 12})
    (line,) = [line for line in lines(tiny, EIGHT) if "KL curve" in line]
    assert re.findall(r"evaluate\.(kl_\w+)", line) == ["kl_traces"]
    both = paper(plan={"gpu_memory_gib": 24})
    (line,) = [line for line in lines(both, EIGHT) if "KL curve" in line]
    assert "both evaluate.kl_one_by_one: true and evaluate.kl_dtype: bfloat16" in line


def test_a_larger_share_is_proposed_only_where_it_is_enough_for_all_engines():
    """ds_llama_8b finds cues in its own reasonings: two engines on one GPU."""
    assert memory.engines(paper(), "ds_llama_8b") == 2 and memory.engines(paper(), "qwen3_8b") == 1
    (line,) = [line for line in lines(paper(plan=SMALL), EIGHT) if "sampling" in line]
    (share,) = re.findall(r"gpu_memory_share: ([\d.]+)", line)
    assert "each of 2 engines of a job takes 18" in line and float(share) <= 0.95
    enough = paper(plan=SMALL, engine={"gpu_memory_share": float(share)})
    assert not any("sampling" in line for line in lines(enough, EIGHT))
    (line,) = [line for line in lines(paper(plan={"gpu_memory_gib": 32}), EIGHT) if "sampling" in line]
    assert "gpu_memory_share" not in line and "one engine" in line
    with pytest.raises(UserError, match="gpu_memory_share"):
        paper(engine={"gpu_memory_share": 0.99})


def test_the_engine_inside_grpo_is_counted():
    fits = paper(plan={"gpu_memory_gib": 64}, engine={"grpo_memory_share": 0.35})
    assert not any("grpo" in line for line in lines(fits, EIGHT))
    more = lines(paper(plan={"gpu_memory_gib": 64}, engine={"grpo_memory_share": 0.6}), EIGHT)
    assert any("grpo_zy" in line and "beside 38 for engines" in line for line in more)
    less = lines(paper(engine={"grpo_memory_share": 0.15}), EIGHT)
    (line,) = [line for line in less if "its engine needs 15 GiB" in line]
    (share,) = re.findall(r"grpo_memory_share: ([\d.]+)", line)
    assert lines(paper(engine={"grpo_memory_share": float(share)}), EIGHT) == []


def test_lora_is_the_answer_where_full_weights_do_not_fit():
    without = {name: None for name in ("grpo_zy", "grpo_y")}
    found = lines(paper(plan=SMALL, methods=without), EIGHT)
    (line,) = [line for line in found if "it needs" in line]
    assert "set lora_rank: 16 and deepspeed: null (docs/paper-scale.md)" in line
    one = paper().methods["ipo"].model_copy(update={"lora_rank": 16, "deepspeed": None})
    assert training_gib(8.0, one) < 0.9 * 40 < training_gib(8.0, paper().methods["ipo"]) + 12
    with pytest.raises(UserError, match="lora_rank goes without deepspeed"):
        paper(methods={"ipo": {"lora_rank": 16}})


@pytest.mark.parametrize("recipe", ["backtrack_built", "safekey_built"])
def test_recipes_that_train_more_than_adapters_refuse_lora(recipe: str):
    method = {"recipe": recipe, "demonstrations": "primer", "learning_rate": 1e-5, "lora_rank": 2}
    with pytest.raises(UserError, match=f"methods.m.lora_rank: {recipe} trains more"):
        check_recipes(paper(methods={"m": method}))


def test_lora_and_checkpoints_are_refused_together():
    method = {"recipe": "sft", "learning_rate": 1e-5, "lora_rank": 2}
    with pytest.raises(UserError, match="methods.m.lora_rank: adapters are merged at the end"):
        check_recipes(paper(methods={"m": method}, evaluate={"checkpoints": [0.5]}))


def test_zero3_needs_less_memory_than_zero2_and_that_less_than_none():
    method = load(PAPER).methods["ipo"]
    needed = [
        training_gib(8.0, method.model_copy(update={"deepspeed": path}))
        for path in ("config/deepspeed/zero3.json", "config/deepspeed/zero2.json", None)
    ]
    assert needed == sorted(needed) and needed[2] > 100 > needed[1]
