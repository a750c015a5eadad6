"""Definitions of the container images: Docker's and Apptainer's differ in names only."""

import re

import pytest

from safe_reasoning.runtime.image_builds import FOLDERS
from tests.support.paths import ROOT


def steps(text: str, name: str) -> str:
    """A definition without its comments and the names of its environment."""
    return re.sub(rf"\b{name}\b", "NAME", re.sub(r"(?m)^#.*\n", "", text))


@pytest.mark.parametrize("kind", ["Dockerfile", "apptainer.def"])
def test_the_definitions_differ_in_their_names_only(kind: str):
    texts = {name: (ROOT / "containers" / name / kind).read_text() for name in FOLDERS.values()}
    assert len({steps(text, name) for name, text in texts.items()}) == 1
    for name, text in texts.items():
        assert f"containers/install.sh {name} " in text or f"/build/install.sh {name} " in text
        # The base has no default: there is one place for its digest.
        assert re.search(r"(?m)^ARG BASE$|^From: \{\{ BASE \}\}$", text) and "latest" not in text


def test_both_kinds_take_the_same_arguments():
    docker, apptainer = (
        (ROOT / "containers/serve" / kind).read_text() for kind in ("Dockerfile", "apptainer.def")
    )
    asked = set(re.findall(r"(?m)^ARG (\w+)", docker))
    assert (
        asked
        == set(re.findall(r"\{\{ (\w+) \}\}", apptainer)) - {"BOOTSTRAP"}
        == {"NAME", "BASE", "LOCK", "LOCK_SHA256", "SNAPSHOT", "COMMIT"}
    )
    for label in re.findall(r"([\w.-]+)=\"", docker):
        assert f"    {label} " in apptainer or label == "SNAPSHOT", label
