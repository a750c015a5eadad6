"""A project folder for the tests of container images."""

from pathlib import Path

import pytest

from safe_reasoning.runtime import images
from tests.support.paths import ROOT


def image_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in the project's place, with a lock for each environment and the table as it is in the repository."""
    (tmp_path / "containers").mkdir()
    (tmp_path / "envs").mkdir()
    for name in images.NAMES:
        (tmp_path / f"envs/{name}.lock").write_text(f"{name}==1\n")
    (tmp_path / images.TABLE).write_text((ROOT / images.TABLE).read_text())
    monkeypatch.setattr(images, "ROOT", tmp_path)
    return tmp_path
