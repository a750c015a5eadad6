"""The answers of docs/questions.md: each configuration on the page is laid over the file that it names, accepted and planned."""

import re
from pathlib import Path

import pytest
import yaml

from safe_reasoning.config import Config, changed, read, validate
from safe_reasoning.plan import memory
from safe_reasoning.plan.checked_config import checked
from safe_reasoning.plan.estimate import plan
from safe_reasoning.plan.training_steps import parameters_of
from tests.support.paths import ROOT

PAGE = (ROOT / "docs/questions.md").read_text()


def laid_over(heading: str) -> Config:
    """The configuration under a heading, over the file that its text names."""
    section = PAGE.split(f"## {heading}\n")[1].split("\n## ")[0]
    name, text = re.search(
        r"[Oo]ver\s`(config/\w+\.yaml)`:\n\n```yaml\n(.*?)^```$", section, re.M | re.S
    ).groups()
    return checked(validate(changed(read(ROOT / name), yaml.safe_load(text)), heading))


def test_a_guard_judges_in_the_place_of_gpt_4o():
    config = laid_over("Judge with a local guard model instead of GPT-4o")
    asked = {step.chat: step.stage for step in plan(config) if "attack" not in step.stage}
    assert set(asked) == {"", "qwen3guard_8b", "deepseek_r1", "ds_llama_8b"}
    assert "deepseek_r1" in asked["deepseek_r1"]  # the ablation


def test_four_gpus_hold_the_paper_run(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(ROOT)
    section = PAGE.split("## Use fewer GPUs\n")[1].split("\n## ")[0]
    first, overlay = re.search(r'make plan CONFIG="(\S+) (\S+)"', section).groups()
    config = checked(validate(changed(read(ROOT / first), read(ROOT / overlay)), "test"))
    sizes = {model: parameters_of(config, model) for model in config.models}
    assert memory.problems(config, sizes, 1, 2) == []
    unchanged = validate({**read(ROOT / "config/paper.yaml"), "plan": {"gpus": 4}}, "test")
    assert memory.problems(unchanged, sizes, 1, 2)


def test_seeds_are_added_and_a_method_removed():
    whole = checked(validate(read(ROOT / "config/demo.yaml"), "test"))
    assert len(laid_over("Train with several seeds").seeds) == 3 > len(whole.seeds)
    assert set(whole.methods) - set(laid_over("Leave a method out").methods) == {"ipo_lexical"}


def test_a_lora_of_8b_fits_one_gpu_of_80_gb(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(ROOT)
    raw = read(ROOT / "config/paper.yaml")
    said = re.search(r"`lora_rank: (\d+)`, `processes: 1` and\s`deepspeed: null`", PAGE)
    for method in raw["methods"].values():
        if method["recipe"] != "released":
            method |= {"lora_rank": int(said[1]), "processes": 1, "deepspeed": None}
    raw["plan"]["gpus"] = 1
    config = validate(raw, "test")
    assert memory.problems(config, {"ds_llama_8b": parameters_of(config, "ds_llama_8b")}, 1, 2) == []


def test_a_model_can_be_a_path(tiny_model: Path):
    (text,) = (block for block in re.findall(r"```yaml\n(.*?)^```$", PAGE, re.M | re.S) if "path:" in block)
    raw = yaml.safe_load(text.replace("/path/to/my-checkpoint", str(tiny_model)))
    config = checked(validate(changed(read(ROOT / "config/demo.yaml"), raw), "test"))
    assert config.models["mine"].kind == "folder" and list(config.models) == ["nano", "mine"]
