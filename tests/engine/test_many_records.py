"""Many rows in little memory: written, killed, resumed and aggregated; the small version of
`python -m benchmarks.records`."""

from pathlib import Path

import pytest

from benchmarks import records
from safe_reasoning.core.records import read_rows

ROWS = 200_000
ALLOWED = 0.06  # GiB beyond what a hundredth of the rows takes: 0.04 at most; with all rows held 0.1


def test_memory_does_not_hold_all_rows(tmp_path: Path):
    few = records.measure(ROWS // 100, tmp_path / "few")
    many = records.measure(ROWS, tmp_path / "many")
    for small, large in zip(few, many, strict=True):
        assert large["peak, GiB"] - small["peak, GiB"] < ALLOWED, (small, large)
    assert many[1]["rows sampled twice"] == 0


def test_a_killed_writing_ends_with_the_rows_of_an_uninterrupted_one(tmp_path: Path):
    records.measure(4000, tmp_path / "killed")
    records.write(tmp_path / "uninterrupted", 4000)
    records.aggregate(tmp_path / "uninterrupted")
    for name in ("evaluation.parquet", "verdicts.parquet"):
        for variant in records.VARIANTS:
            ours, theirs = (
                records.place_of(tmp_path / run, variant, name) for run in ("killed", "uninterrupted")
            )
            assert ours.read_bytes() == theirs.read_bytes()
    tables = sorted((tmp_path / "uninterrupted/metrics").glob("*.csv"))
    assert len(tables) == 8
    for table in tables:
        assert table.read_bytes() == (tmp_path / "killed/metrics" / table.name).read_bytes()
    found = read_rows(
        records.place_of(tmp_path / "killed", records.VARIANTS[0], "verdicts.parquet"), "verdicts"
    )
    assert len(found) == 100 and sum(row["value"] is None for row in found) in range(8)


@pytest.mark.parametrize("rows", [7, 20_000])
def test_the_requests_are_always_the_same(rows: int):
    one, again = (records.requests(rows, records.VARIANTS[3]) for _ in range(2))
    assert one == again and len({request.generation_id for request in one}) == rows
