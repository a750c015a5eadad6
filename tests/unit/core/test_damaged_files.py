"""Files with damage anywhere: rows as they were written, or one line that names the file."""

import json
import os
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from safe_reasoning.core import files, records
from safe_reasoning.core.errors import UserError
from safe_reasoning.core.model_folder import check_model
from tests.support.mutations import damaged, outcome

ROWS = [
    {
        "generation_id": f"a-{number}.0",
        "prompt_id": f"a-{number}",
        "prompt_set": "a",
        "sample": 0,
        "seed": number * 7919,
        "prompt_token_ids": list(range(9)),
        "given_tokens": 0,
        "token_ids": [number, number + 1],
        "text": f"text {number * 31} é",
        "finish_reason": "stop",
    }
    for number in range(50)
]
READ: dict[str, Callable[[Path], list[dict]]] = {
    "at once": lambda path: records.read_rows(path, "generations"),
    "one by one": lambda path: list(records.iter_rows(path, "generations")),
}


@pytest.mark.parametrize("how", READ)
def test_damaged_rows_are_refused(how: str, tmp_path: Path):
    """Of a thousand damaged files at most five are read as other rows: no checksum covers the file's last part. Without checksums it would be thirty."""
    path, chance = tmp_path / "g.parquet", random.Random(0)
    records.write_rows(path, "generations", ROWS, {})
    content = path.read_bytes()
    found = Counter[str]()
    for _ in range(1000):
        path.write_bytes(damaged(content, chance))
        found[outcome(lambda: READ[how](path), ROWS)] += 1
    assert found["other"] <= 5 and found["refused"] > 700, found


def test_rows_are_read_in_batches_as_they_were_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(records, "BATCH", 7)
    records.write_rows(tmp_path / "g.parquet", "generations", iter(ROWS), {})
    stored = records.StoredRows(tmp_path / "g.parquet", "generations", ("text", "seed"))
    for _ in range(2):
        assert list(stored) == [{"text": row["text"], "seed": row["seed"]} for row in ROWS]
    assert records.read_rows(tmp_path / "g.parquet", "generations") == ROWS


def test_a_fault_while_rows_are_made_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(records, "BATCH", 7)

    def rows():
        yield from ROWS[:20]
        raise UserError("the engine stopped: start it again")

    with pytest.raises(UserError, match="the engine stopped"):
        records.write_rows(tmp_path / "g.parquet", "generations", rows(), {})
    assert not list(tmp_path.iterdir())


def test_damaged_json_is_refused(tmp_path: Path):
    path, chance = tmp_path / "x.json", random.Random(0)
    content = json.dumps({"a": [1, 2, {"b": "é"}], "c": None, "d": "word"}, ensure_ascii=False).encode()
    found = Counter[str]()
    for _ in range(1000):
        path.write_bytes(damaged(content, chance))
        found[outcome(lambda: files.read_json(path) and "read", "read")] += 1
    assert found["refused"] > 500, found


@pytest.mark.parametrize("fault", ["none", "no weights", "cut off", "empty", "no settings"])
def test_a_model_folder_with_damage_is_one_line(fault: str, tmp_path: Path):
    import numpy as np
    from safetensors.numpy import save_file

    weights = tmp_path / "model/model.safetensors"
    with pytest.raises(UserError, match="run the rule that makes it"):
        check_model(weights.parent)
    weights.parent.mkdir()
    (weights.parent / "config.json").write_text("{}")
    save_file({"a": np.zeros(99, np.float32)}, weights)
    check_model(weights.parent)
    if fault == "none":
        return
    if fault == "no weights":
        weights.unlink()
    elif fault == "no settings":
        (weights.parent / "config.json").unlink()
    else:
        os.truncate(weights, 0 if fault == "empty" else weights.stat().st_size - 1)
    with pytest.raises(UserError, match=f"^{weights.parent} .*: delete it and run again$"):
        check_model(weights.parent)
