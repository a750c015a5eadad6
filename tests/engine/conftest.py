"""Fixtures of the tests that train or sample."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import browser as headless
from tests.support.trainings import write_data


@pytest.fixture
def data(tmp_path: Path) -> dict[str, str]:
    """Files of every kind of training row."""
    return write_data(tmp_path)


@pytest.fixture(scope="module", autouse=True)
def vllm_leaves_no_process_groups() -> Iterator[None]:
    """An open vLLM leaves its process groups to the next one in the process; a training in between
    destroys them, and the next one fails. In use a job does one or the other."""
    yield
    if vllm := sys.modules.get("vllm.distributed.parallel_state"):
        vllm.cleanup_dist_env_and_memory()


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A headless Chromium."""
    driver = headless.start(tmp_path_factory.mktemp("chromium"))
    yield driver
    driver.quit()
