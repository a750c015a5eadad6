"""The locks in envs/, read: pins, markers and what holds for a Python version."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.support.paths import ROOT

ENVS, RULES = ROOT / "envs", ROOT / "workflow" / "rules"


PYTHONS = {
    "cpu": ["3.11"],
    "dev": ["3.11"],
    "serve": ["3.12"],
    "train": ["3.12"],
    "grpo": ["3.12"],
    "analyze": ["3.11", "3.12", "3.13"],
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
