"""Files are whole or absent, carry their meta data, and a wrong one is named in one line."""

import errno
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from safe_reasoning.core import files, provenance, records
from safe_reasoning.core.cli import command
from safe_reasoning.core.errors import UserError

PROMPT = {
    "prompt_id": "a-0",
    "prompt_set": "a",
    "role": "safety",
    "category": "",
    "text": "hello",
    "request": "hello",
    "gold": "",
}


def test_rows_come_back_and_meta_tells_their_number(tmp_path: Path):
    records.write_rows(tmp_path / "p.parquet", "prompts", [PROMPT], {"world_seed": 3})
    assert records.read_rows(tmp_path / "p.parquet", "prompts") == [PROMPT]
    meta = provenance.read_meta(tmp_path / "p.parquet")
    assert meta["rows"] == 1 and meta["world_seed"] == 3 and meta["software"]["python"]


def test_equal_rows_are_equal_files(tmp_path: Path):
    for name in ("a", "b"):
        records.write_rows(tmp_path / name / "p.parquet", "prompts", [PROMPT], {})
    assert files.sha256(tmp_path / "a/p.parquet") == files.sha256(tmp_path / "b/p.parquet")


def test_unknown_column_is_refused():
    with pytest.raises(KeyError, match="colour"):
        records.to_table("prompts", [PROMPT | {"colour": "red"}])


def test_foreign_broken_and_missing_files(tmp_path: Path):
    records.write_rows(tmp_path / "p.parquet", "prompts", [PROMPT], {})
    with pytest.raises(UserError, match="no verdicts table"):
        records.read_rows(tmp_path / "p.parquet", "verdicts")
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(UserError, match="not a readable Parquet"):
        records.read_rows(tmp_path / "broken.parquet", "prompts")
    with pytest.raises(UserError, match="does not exist"):
        records.read_rows(tmp_path / "none.parquet", "prompts")


def test_full_disk_leaves_nothing_and_is_one_line(capsys: pytest.CaptureFixture[str]):
    """/dev/full answers every write with ENOSPC, as a full disk does."""

    @command
    def main() -> None:
        with open("/dev/full", "wb", buffering=0) as handle:
            handle.write(b"x")

    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 1
    lines = set(capsys.readouterr().err.splitlines())
    assert len(lines) == 1 and "no space left" in lines.pop()


FULL = {
    "safetensors": "Error while serializing: I/O error: No space left on device (os error 28)",
    "torch": "[enforce fail at inline_container.cc:672] . unexpected pos 576 vs 534",
    "torch's writer": "PytorchStreamWriter failed writing file data/0: file write failed",
}


@pytest.mark.parametrize("library", FULL)
def test_a_full_disk_in_the_words_of_a_library_is_one_line(library: str, capsys: pytest.CaptureFixture[str]):
    @command
    def main() -> None:
        raise RuntimeError(FULL[library])

    with pytest.raises(SystemExit):
        main()
    assert "no space left on the disk" in capsys.readouterr().err


def test_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    target = tmp_path / "x.json"
    files.write_json(target, {"a": 1})

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "no space")

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(OSError, match="no space"):
        files.write_json(target, {"a": 2})
    assert files.read_json(target) == {"a": 1} and sorted(path.name for path in tmp_path.iterdir()) == [
        "x.json"
    ]


def test_other_faults_are_not_hidden():
    @command
    def main() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        main()


def test_halves_of_surrogate_pairs_are_replaced_and_counted(tmp_path: Path):
    row = PROMPT | {"text": "a \ud83d b \udc9d", "request": "whole \U0001f600"}
    records.write_rows(tmp_path / "p.parquet", "prompts", [row, PROMPT], {})
    first, second = records.read_rows(tmp_path / "p.parquet", "prompts")
    assert first["text"] == "a \ufffd b \ufffd" and first["request"] == "whole \U0001f600"
    assert second == PROMPT and provenance.read_meta(tmp_path / "p.parquet")["replaced_half_pairs"] == 2
    records.write_rows(tmp_path / "q.parquet", "prompts", [PROMPT], {})
    assert "replaced_half_pairs" not in provenance.read_meta(tmp_path / "q.parquet")


def test_demonstrations_of_earlier_versions_are_read(tmp_path: Path):
    """Without the columns that came later, by both ways of reading."""
    old = {"prompt_id": "p", "prompt_ids": [1], "completion_ids": [2, 3], "source": "x"}
    path = tmp_path / "old.parquet"
    pq.write_table(
        pa.Table.from_pylist([old]).cast(
            pa.schema([records.SCHEMAS["demonstrations"].field(n) for n in old])
        ),
        path,
    )
    for rows in (records.read_rows(path, "demonstrations"), list(records.iter_rows(path, "demonstrations"))):
        assert rows == [old | dict.fromkeys(("loss_from", "label_ids", "label", "spans", "rejected_ids"))]
    with pytest.raises(UserError, match="no pairs table"):
        records.read_rows(path, "pairs")
