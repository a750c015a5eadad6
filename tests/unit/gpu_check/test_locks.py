"""The locks of the GPU check: what is carried, beside what the machine has."""

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support.locks import ENVS, lines_of, locked

PYTHON = "3.12"
MAY_BE_MISSING = {"pydantic", "pydantic-core", "annotated-types", "typing-inspection"}


def asked(name: str) -> list[Requirement]:
    return [Requirement(line) for line in lines_of(ENVS / f"{name}.in") if not line.startswith("-r ")]


def test_machine_and_bundle_together_hold_what_is_asked_for():
    machine, carried = locked("gpu-machine", PYTHON), locked("gpu-check", PYTHON)
    both = machine | carried
    for requirement in [*asked("gpu-machine"), *asked("gpu-check")]:
        assert requirement.specifier.contains(both[canonicalize_name(requirement.name)]), requirement


def test_nothing_is_carried_that_the_machine_has():
    machine, carried = locked("gpu-machine", PYTHON), locked("gpu-check", PYTHON)
    assert set(machine) & set(carried) <= MAY_BE_MISSING
    assert {"trl", "deepspeed", "datasets", "pydantic", "snakemake", "gguf"} <= set(carried)
    assert all(machine[name] == carried[name] for name in set(machine) & set(carried))


def test_versions_are_those_of_grpo():
    """Its transformers is the machine's, and its TRL is the one that fits."""
    grpo, carried = locked("grpo", PYTHON), locked("gpu-check", PYTHON)
    same = set(grpo) & set(carried)
    assert "trl" in same and {name: grpo[name] for name in same} == {name: carried[name] for name in same}
    assert locked("gpu-machine", PYTHON)["transformers"] == grpo["transformers"]
