"""Fixtures shared by the tests."""

import os

os.environ["OMP_NUM_THREADS"] = "1"  # before torch loads: tests share the machine

from pathlib import Path

import hypothesis
import pytest

from tests.support.made_run import write_made_run
from tests.support.once import made_once
from tests.support.paths import ROOT
from tests.support.tiny_model import write_tiny_model

hypothesis.settings.register_profile("untimed", deadline=None)  # a busy machine is no fault
hypothesis.settings.load_profile("untimed")


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Over several processes, keep the tests of a file together, except unit tests.

    What a file's tests share (an engine, a server, a run) is then made once. The unit tests are
    spread one by one, after the files, and fill up the process that has less to do.
    """
    for item in items:
        unit = "unit" in item.path.relative_to(ROOT / "tests").parts
        if not unit and not item.get_closest_marker("xdist_group"):
            item.add_marker(pytest.mark.xdist_group(item.path.stem))


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny model with random weights, see `write_tiny_model`."""
    return made_once(tmp_path_factory, "tiny_model", write_tiny_model)


@pytest.fixture(scope="session")
def made_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run with invented metrics and texts, drawn once; called `made`."""
    place = made_once(tmp_path_factory, "made_run", lambda folder: write_made_run(folder / "made"))
    return place / "made"


@pytest.fixture(scope="session")
def archived(made_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive of the made run."""
    from safe_reasoning.archive.contents import gather
    from safe_reasoning.archive.pack import pack

    path = tmp_path_factory.mktemp("archived") / "made.zip"
    path.write_bytes(pack(gather(made_run, ROOT)[0]))
    return path
