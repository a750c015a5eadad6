"""Fixtures of the tests that train."""

from pathlib import Path

import pytest

from tests.support.trainings import write_data


@pytest.fixture
def data(tmp_path: Path) -> dict[str, str]:
    """Files of every kind of training row."""
    return write_data(tmp_path)
