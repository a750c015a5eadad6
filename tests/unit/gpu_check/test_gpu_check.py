"""The GPU check's pieces, arithmetic, result files and settings."""

import json
import os
from pathlib import Path

import pandas as pd
import pytest
import yaml

from safe_reasoning.config import load
from safe_reasoning.core.errors import UserError
from safe_reasoning.gpu_check import demo, fit, material, pieces, settings
from safe_reasoning.gpu_check.record import Record, close_unfinished, compare
from tests.support.paths import ROOT


def some_files(folder: Path) -> dict[str, bytes]:
    files = {"large": os.urandom(2500), "sub/small": b"abc", "sub/empty": b"", "middle": os.urandom(900)}
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return files


def test_files_are_cut_into_pieces_and_put_together(tmp_path: Path):
    files = some_files(tmp_path / "content")
    cut = pieces.cut(tmp_path / "content", files, tmp_path / "bundle", 1000)
    assert all(sum(part["bytes"] for part in piece) <= 1000 for piece in cut)
    assert len([part for piece in cut for part in piece if part["name"] == "large"]) == 3
    assert pieces.join(tmp_path / "bundle", tmp_path / "out") == sorted(files)
    assert {name: (tmp_path / "out" / name).read_bytes() for name in files} == files


def test_a_missing_or_changed_piece_is_one_line(tmp_path: Path):
    files = some_files(tmp_path / "content")
    pieces.cut(tmp_path / "content", files, tmp_path / "bundle", 1000)
    part = next((tmp_path / "bundle").glob("piece-*/large.part1of3"))
    part.write_bytes(b"x" * part.stat().st_size)
    with pytest.raises(UserError, match="large of .* is not the file that was cut"):
        pieces.join(tmp_path / "bundle", tmp_path / "out")
    (tmp_path / "bundle/piece-2/contents.json").unlink()
    with pytest.raises(UserError, match="lacks piece-2"):
        pieces.join(tmp_path / "bundle", tmp_path / "out")
    with pytest.raises(UserError, match="holds no pieces"):
        pieces.join(tmp_path / "nowhere", tmp_path / "out")


def test_a_line_over_layers_gives_the_whole_model():
    passes = fit.line([2, 4, 8], [0.5, 0.7, 1.1])
    assert (passes.start, passes.slope) == pytest.approx((0.3, 0.1))
    assert passes.residual < 1e-9 < fit.line([2, 4, 8], [0.5, 0.9, 1.1]).residual
    step = fit.whole_step(passes, 1e-10, fit.line([1, 2], [fit.GIB, fit.GIB]), 32, 8 * 10**9, 4096, 8)
    assert step.seconds == pytest.approx(3.5 + 0.1)
    assert step.tokens_per_second == pytest.approx(4096 / 3.6)
    assert step.memory_gib == pytest.approx(
        16 * 10**9 / fit.GIB + 1
    )  # ZeRO-3: 16 bytes a weight, an eighth each
    with pytest.raises(ValueError, match="two layer counts"):
        fit.line([4, 4], [1, 1])


def test_a_stage_that_fails_says_so(tmp_path: Path):
    file = tmp_path / "a.json"
    record = Record(file, "a", "cpu")
    assert json.loads(file.read_text())["status"] == "running"
    with record.item("first"):
        raise RuntimeError("broken")
    record.check("later", True)
    assert not record.finish()
    content = json.loads(file.read_text())
    assert content["status"] == "failed"
    assert content["errors"] == {"first": "RuntimeError: broken"}
    assert content["checks"]["later"]["passed"]
    assert not Record(tmp_path / "b.json", "b", "cpu").finish(), "nothing was checked"
    close_unfinished(file, "a", "stopped")
    assert json.loads(file.read_text())["status"] == "out of time"


@pytest.mark.parametrize(
    ("found", "passed"), [([1.0, 2.0], True), ([1.0, 2.1], False), ([1.0, float("nan")], False)]
)
def test_a_trajectory_is_compared_with_the_recorded_one(tmp_path: Path, found: list[float], passed: bool):
    record = Record(tmp_path / "a.json", "a", "cpu")
    compare(record, "x", found, {"x": [1.0, 2.0]}, 0.01)
    compare(record, "y", found, {}, 0.01)
    assert record.content["checks"]["x against the recorded run"]["passed"] is passed
    assert not record.content["checks"]["y has a recorded trajectory"]["passed"]
    with pytest.raises(ValueError, match="cannot be compared"):
        compare(record, "x", [1.0], {"x": [1.0, 2.0]}, 0.01)


def test_intervals_that_share_no_value_are_found():
    stored = pd.DataFrame({"model": ["a", "b", "c"], "low": [0.1, 0.1, None], "high": [0.2, 0.2, None]})
    found = pd.DataFrame({"model": ["a", "b", "c"], "low": [0.15, 0.21, 0.0], "high": [0.3, 0.3, 1.0]})
    assert demo.overlaps(found, stored, ["model"])["overlap"].tolist() == [True, False]


def test_settings_are_checked(tmp_path: Path):
    whole = settings.load(ROOT / "config/gpu-check.yaml")
    names = [name for group in whole.together for name in group]
    assert (
        sorted(names)
        == sorted(whole.limits)
        == ["demo", "engine", "environment", "mini", "rates", "training"]
    )
    assert whole.seconds < 600
    (tmp_path / "a.yaml").write_text(
        yaml.safe_dump({"together": [["rates"]], "limits": {"rates": 1}, "rates": {"lenghts": [1]}})
    )
    with pytest.raises(UserError, match="lenghts"):
        settings.load(tmp_path / "a.yaml")


def test_the_world_of_the_check_is_the_demos():
    (model,) = load(ROOT / "config/demo.yaml").models.values()
    assert model.items == material.ITEMS  # type: ignore[union-attr]
