"""What the rules import is in their environments: found in the source by tools/reach.py."""

import importlib
import re
from functools import cache
from importlib import metadata

import pytest
from packaging.utils import canonicalize_name

from safe_reasoning.training import recipe
from tests.support.locks import PYTHONS, RULES, locked
from tests.support.paths import ROOT
from tools.reach import Module, Reach, parse, script

# Imports that a script holds but does not do in an environment.
NEVER = {
    # The recipe decides: `training_image` in resources.smk gives those that sample one of their own.
    "train": {
        ("safe_reasoning.training.recipes.grpo", "safe_reasoning.training.grpo"),
        ("safe_reasoning.training.recipes.distil_on_policy", "safe_reasoning.training.self_distillation"),
    },
}


installed_packages = cache(metadata.packages_distributions)


def distributions(package: str) -> set[str]:
    """The names under which an imported package can be locked."""
    names = {canonicalize_name(name) for name in installed_packages().get(package, [package])}
    return names | {"vllm"} if package == "vllm" else names


def uncovered(module: Module, environment: str) -> list[str]:
    """Imports that a module reaches and an environment lacks, each with the place that does it."""
    found = Reach(module, NEVER.get(environment, ())).packages
    return [
        f"{place} imports {package}, which envs/{environment}.lock lacks ({module.name})"
        for package, place in found.items()
        for python in PYTHONS[environment]
        if not distributions(package) & set(locked(environment, python))
    ]


def environments_of_rules() -> dict[str, tuple[list[str], set[str]]]:
    """The scripts of every rule, and the environments that its `container:` names."""
    found = {}
    for path in RULES.glob("*.smk"):
        for block in re.split(r"^rule ", path.read_text(), flags=re.MULTILINE)[1:]:
            image = re.search(
                r'container:\s+(?:lambda wildcards: )?image\((?:"(\w+)"|training_image\(wildcards\))\)', block
            )
            assert image, f"{path.name}: rule {block.split(':')[0]} names no image"
            scripts = re.findall(r"python scripts/(\w+)\.py", block)
            assert scripts, f"{path.name}: rule {block.split(':')[0]} calls no script"
            found[block.split(":")[0]] = (scripts, {image[1]} if image[1] else {"train", "grpo"})
    return found


@pytest.mark.parametrize("rule", environments_of_rules())
def test_what_a_rule_imports_is_in_its_environment(rule):
    scripts, environments = environments_of_rules()[rule]
    assert not [
        line
        for name in scripts
        for environment in (*environments, "cpu")
        for line in uncovered(script(name), environment)
    ]


def test_the_workflow_and_the_commands_for_people_need_no_more_than_analyze():
    """What no rule calls is run by hand, where the workflow itself runs: on a cluster, its login node."""
    called = {name for scripts, _ in environments_of_rules().values() for name in scripts}
    commands = [
        script(path.stem) for path in sorted((ROOT / "scripts").glob("*.py")) if path.stem not in called
    ]
    assert commands
    imports = "\n".join(
        line
        for path in (ROOT / "Snakefile", *RULES.glob("*.smk"))
        for line in path.read_text().splitlines()
        if re.match(r"(import|from) ", line)
    )
    # Rule files are no plain Python: their imports are followed as if they used all that they import.
    names = [name for name in parse("", ROOT / "Snakefile", imports).imported if name != "snakemake"]
    workflow = parse("Snakefile", ROOT / "Snakefile", "\n".join([imports, *names]))
    # The GPU check runs where models run.
    light = [command for command in commands if command.path.stem not in ("gpu_check", "gpu_bundle")]
    assert len(light) == len(commands) - 2
    for environment, needed in (("analyze", light), ("cpu", commands)):
        assert not [line for module in (workflow, *needed) for line in uncovered(module, environment)]


def test_grpo_is_kept_from_the_training_environment_by_its_rule():
    """The one exception above is true as long as the rules choose the image by the recipe; and it is still needed."""
    assert "return recipe_of(settings_of_method(wildcards)).image" in (RULES / "resources.smk").read_text()
    modules = {
        name: importlib.import_module(f"safe_reasoning.training.recipes.{name}") for name in recipe.names()
    }
    assert [name for name, module in modules.items() if module.RECIPE.image == "grpo"] == [
        "distil_on_policy",
        "grpo",
    ]
    reach = Reach(script("train_method"), NEVER["train"])
    assert reach.refused == NEVER["train"]
    assert "vllm" not in reach.packages
    assert "vllm" in Reach(script("train_method")).packages


def test_an_import_in_a_function_counts_where_the_function_can_be_called():
    text = """
import json
from safe_reasoning.sampling.{module} import {name}
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    import seaborn

def main(sampler: Sampler) -> Sampler:
    {name}

def other():
    import unused_here
"""
    start = "\nif __name__ == '__main__':\n    main()\n"
    engine = Reach(
        parse("x", ROOT / "x.py", text.format(module="factory", name="open_engine") + start)
    ).packages
    tokenizer = Reach(
        parse("x", ROOT / "x.py", text.format(module="engine", name="load_tokenizer") + start)
    ).packages
    assert {"vllm", "torch", "transformers"} <= set(engine)
    assert "transformers" in tokenizer and not {"vllm", "torch", "seaborn", "json"} & set(tokenizer)
    assert (
        "seaborn" in Reach(script("draw_figure")).packages
    )  # its figures are imported by a name that is put together
