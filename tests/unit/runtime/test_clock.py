"""After the clock has jumped back, files are from now and in the order they were in."""

import os
import time
from pathlib import Path

import pytest

from safe_reasoning.runtime.clock import bring_to_now


def test_files_from_the_future_are_from_now(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    now, ages = time.time(), {"old": -100, "present": -1, "later/a": 1800, "later/b": 3600}
    for name, age in ages.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
        os.utime(path, (now + age, now + age))
    (tmp_path / "broken").symlink_to(tmp_path / "nowhere")
    assert bring_to_now([tmp_path, tmp_path / "absent"]) == 2
    times = [(tmp_path / name).stat().st_mtime for name in ages]
    assert times == sorted(times) and times[-1] <= time.time()
    assert times[:2] == [now - 100, now - 1]
    assert "the clock has jumped back" in capsys.readouterr().err
    assert bring_to_now([tmp_path]) == 0 and not capsys.readouterr().err
