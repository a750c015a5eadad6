"""Typed rows and their files.

Parquet tables with one schema each, written whole or not at all, a `.meta.json` next to each.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import reduce
from itertools import islice
from operator import and_
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from safe_reasoning.core.errors import UserError, in_one_line
from safe_reasoning.core.files import sha256, whole_file, write_bytes
from safe_reasoning.core.provenance import write_meta
from safe_reasoning.core.schemas import LATER, SCHEMAS

if TYPE_CHECKING:
    import pandas as pd

BATCH = 16_384  # rows in memory at a time

_HALF_PAIR = re.compile("[\ud800-\udfff]")


def has_half_pair(value: Any) -> bool:
    """Whether a value, or one in a list or mapping, holds half a surrogate pair.

    JSON can spell one (`"\\ud83d"`), but it is no character: nothing can write, hash or tokenize
    it. In a file that a person can repair it is refused; in what a model wrote, `repaired` replaces
    it.
    """
    if isinstance(value, str):
        return _HALF_PAIR.search(value) is not None
    if isinstance(value, Mapping):
        return any(has_half_pair(key) or has_half_pair(entry) for key, entry in value.items())
    return isinstance(value, list | tuple) and any(map(has_half_pair, value))


def repaired(text: str) -> tuple[str, int]:
    """A text with U+FFFD in place of each half of a surrogate pair, and how many there were."""
    return _HALF_PAIR.subn("\ufffd", text)


def to_table(name: str, rows: Iterable[Mapping[str, Any]]) -> pa.Table:
    """Rows to a table of schema `name`.

    A row with an unknown column is a programming error and raises KeyError.
    """
    schema = SCHEMAS[name]
    rows = list(rows)
    for row in rows:
        if unknown := set(row) - set(schema.names):
            raise KeyError(f"unknown columns for {name}: {sorted(unknown)}")
    return pa.Table.from_pylist(rows, schema=schema)


def write_rows(
    path: Path | str, name: str, rows: Iterable[Mapping[str, Any]], meta: Mapping[str, Any]
) -> None:
    """Write rows as Parquet of schema `name` and their `.meta.json`.

    At most BATCH rows are in memory. Halves of surrogate pairs are replaced (see `has_half_pair`)
    and counted in the meta file, which also holds the file's hash. Pages have checksums, so that
    damage shows when they are read.
    """
    count, replaced, left = 0, 0, iter(rows)
    with (
        whole_file(path) as handle,
        pq.ParquetWriter(handle, SCHEMAS[name], compression="zstd", write_page_checksum=True) as writer,
    ):
        while batch := [dict(row) for row in islice(left, BATCH)]:
            replaced += sum(map(_repair, batch))
            writer.write_table(to_table(name, batch))
            count += len(batch)
    if replaced:
        meta = {"replaced_half_pairs": replaced, **meta}
    write_meta(path, {"rows": count, "schema": name, "sha256": sha256(path), **meta})


def _repair(row: dict[str, Any]) -> int:
    """Replace the halves of surrogate pairs in a row; returns how many there were."""
    replaced = 0
    for column, value in row.items():
        if isinstance(value, str) and has_half_pair(value):
            row[column], count = repaired(value)
            replaced += count
    return replaced


@contextmanager
def _one_line(path: Path | str) -> Iterator[None]:
    """Turn whatever pyarrow says about a missing or damaged file into a UserError."""
    try:
        yield
    except FileNotFoundError:
        raise UserError(f"{path} does not exist: run the rule that makes it") from None
    except (pa.ArrowException, OSError, ValueError) as error:
        raise UserError(
            f"{path} is not a readable Parquet file ({in_one_line(error)}): delete it and run again"
        ) from None


def _check_columns(path: Path | str, name: str, there: Collection[str]) -> None:
    if missing := set(SCHEMAS[name].names) - set(there) - LATER.get(name, frozenset()):
        raise UserError(
            f"{path} is no {name} table (lacks {', '.join(sorted(missing))}): give a file of the right kind"
        )


def read_table(path: Path | str, name: str, **having: Collection[str]) -> pa.Table:
    """Read a table of schema `name`. A missing, damaged or unrelated file is a UserError.

    Args:
        path: of the Parquet file.
        name: of the schema.
        **having: values of a column; rows with another value are not read. Generations of large
            models do not fit into memory as Python objects.
    """
    wanted = [
        pc.field(column).isin(pa.array(sorted(values), SCHEMAS[name].field(column).type))
        for column, values in having.items()
    ]
    with _one_line(path):
        table = pq.read_table(
            path, filters=reduce(and_, wanted) if wanted else None, page_checksum_verification=True
        )
        _check_columns(path, name, table.schema.names)
        return _of_schema(table, SCHEMAS[name])


def _of_schema(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """The columns of a schema; those that an earlier version did not write are null."""
    for field in schema:
        if field.name not in table.schema.names:
            table = table.append_column(field, pa.nulls(len(table), field.type))
    return table.select(schema.names).cast(schema)


def read_rows(path: Path | str, name: str, **having: Collection[str]) -> list[dict[str, Any]]:
    """Rows of schema `name`, read as by `read_table`."""
    table = read_table(path, name, **having)
    with _one_line(path):
        return table.to_pylist()


def iter_rows(path: Path | str, name: str, columns: Sequence[str] = ()) -> Iterator[dict[str, Any]]:
    """The rows of a file one by one, of which at most BATCH are in memory.

    Faults are those of `read_table`, and may show after some rows.

    Args:
        path: of the Parquet file.
        name: of the schema.
        columns: the only ones to read; all by default.
    """
    wanted = list(columns) or SCHEMAS[name].names
    schema = pa.schema([SCHEMAS[name].field(column) for column in wanted])
    with _one_line(path):
        file = pq.ParquetFile(path, page_checksum_verification=True)
        _check_columns(path, name, file.schema_arrow.names)
    batches = file.iter_batches(BATCH, columns=[name for name in wanted if name in file.schema_arrow.names])
    while True:
        with _one_line(path):
            if (batch := next(batches, None)) is None:
                return
            rows = _of_schema(pa.Table.from_batches([batch]), schema).to_pylist()
        yield from rows


@dataclass(frozen=True)
class StoredRows:
    """Rows that are read from their file each time they are iterated, see `iter_rows`."""

    path: Path | str
    name: str
    columns: Sequence[str] = ()

    def __iter__(self) -> Iterator[dict[str, Any]]:  # noqa: D105
        return iter_rows(self.path, self.name, self.columns)


METRICS_VERSION = 2  # of the names of metric tables and of their columns


def write_metrics(
    path: Path | str, rows: Iterable[Mapping[str, Any]] | pd.DataFrame, meta: Mapping[str, Any]
) -> None:
    """Write a metrics table as CSV (full float precision, `\\n` line ends) and its `.meta.json`."""
    import pandas as pd  # a quarter of a second that most who read rows do without

    frame = rows if isinstance(rows, pd.DataFrame) else pd.DataFrame(list(rows))
    write_bytes(path, frame.to_csv(index=False, lineterminator="\n").encode())
    write_meta(path, {"schema_version": METRICS_VERSION, "rows": len(frame), **meta})


Rows = Sequence[Mapping[str, Any]]
