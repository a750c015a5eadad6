"""Reading of benchmark files in the forms that their authors give them."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import sys
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from safe_reasoning.core.errors import UserError, in_one_line
from safe_reasoning.core.records import has_half_pair
from safe_reasoning.prompts.cells import FILLED, Kind, check_cells
from safe_reasoning.sources.fetch import fetch
from safe_reasoning.sources.table import check_content, check_rows


def read(path: Path) -> list[dict[str, Any]]:
    """Rows of a CSV, TSV, JSON, JSON-lines (also gzipped) or Parquet file.

    The file's ending names the form, in either case. A file is UTF-8, with or without a byte
    order mark.

    Raises:
        UserError: It cannot be read, or is no list of rows. Rows are counted from 1, without a
            header.
    """
    endings = [ending.lower() for ending in path.suffixes]
    packed = endings[-1:] == [".gz"]
    form = "".join(endings[-2:-1] if packed else endings[-1:])
    try:
        content = path.read_bytes()
        if packed:
            content = gzip.decompress(content)
        if form == ".parquet":
            import pyarrow as pa
            import pyarrow.parquet as pq

            rows = pq.read_table(pa.BufferReader(content)).to_pylist()
        elif form in (".csv", ".tsv"):
            rows = _table(path, content.decode("utf-8-sig"), "\t" if form == ".tsv" else ",")
        elif form == ".json":
            rows = json.loads(content.decode("utf-8-sig"))
        else:  # JSON lines; only \n ends a line, for a text may hold other line breaks
            lines = content.decode("utf-8-sig").split("\n")
            rows = [json.loads(line) for line in lines if line.strip()]
    except UnicodeDecodeError as error:
        raise UserError(
            f"{path} cannot be read: it is not UTF-8 ({error.reason} at byte {error.start}); save it as UTF-8"
        ) from None
    except (
        ValueError,
        OSError,
        EOFError,
        csv.Error,
        zlib.error,
        RecursionError,
        NotImplementedError,
    ) as error:
        raise UserError(
            f"{path} cannot be read ({in_one_line(error)}): repair it, or delete it and fetch it again"
        ) from None
    return _checked(path, rows)


def _table(path: Path, text: str, delimiter: str) -> list[dict[str, Any]]:
    """Rows of a CSV or TSV; each must have as many cells as the header."""
    csv.field_size_limit(sys.maxsize)  # the default of 131,072 is less than a many-shot attack has
    header, *lines = [
        line for line in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if line
    ] or [[]]
    header = [name.strip() for name in header]
    if len(set(header)) < len(header):
        twice = next(name for name in header if header.count(name) > 1)
        raise UserError(f"{path} has two columns {twice!r}: rename one")
    for number, line in enumerate(lines, 1):
        if len(line) != len(header):
            raise UserError(
                f"{path}, row {number} has {len(line)} cells, its header {len(header)}: put texts that hold "
                "a separator or a line break between double quotes"
            )
    return [dict(zip(header, line, strict=True)) for line in lines]


def _checked(path: Path, rows: Any) -> list[dict[str, Any]]:
    if not isinstance(rows, list):
        raise UserError(f'{path} holds no list of rows: give it the form [{{"column": "text"}}, ...]')
    for number, row in enumerate(rows, 1):
        if not isinstance(row, dict):
            raise UserError(
                f'{path}, row {number} is no row with named columns: give it the form {{"column": "text"}}'
            )
        for column, value in row.items():
            if has_half_pair(column) or has_half_pair(value):
                raise UserError(
                    f"{path}, row {number}: {ascii(column)} holds half a surrogate pair (a code from "
                    "\\ud800 to \\udfff), which is no character: write the whole character or remove it"
                )
    return rows


def content_sha256(rows: Sequence[dict[str, Any]], columns: Sequence[str]) -> str:
    """Hex digest of the columns that are used, whatever their file and order."""
    used = sorted([str(row[column]) for column in columns] for row in rows)
    return hashlib.sha256(json.dumps(used, ensure_ascii=False).encode()).hexdigest()


def read_source(
    source_id: str,
    mirror: str | None,
    columns: Sequence[str] | Mapping[str, Kind],
    *,
    by_content: Sequence[str] | None = None,
) -> list[dict[str, Any]]:
    """All rows of a source, checked.

    The file by its pin, the number of rows, the columns with their cells, and what is in those of
    `by_content`.

    Args:
        source_id: of config/sources.yaml.
        mirror: the folder to read from instead of the hub.
        columns: those that are used; by name alone they hold text in every row.
        by_content: columns whose contents are pinned.

    Raises:
        UserError: A file that is missing, altered, cut or of another form.
    """
    kinds = columns if isinstance(columns, Mapping) else dict.fromkeys(columns, FILLED)
    path = fetch(source_id, mirror)
    rows = read(path)
    check_rows(source_id, len(rows), path)
    if missing := [column for column in kinds if column not in rows[0]]:
        raise UserError(
            f"{source_id}: {path} has no column {missing[0]!r} (it has {', '.join(rows[0])}): its authors "
            "changed it; fix its reader"
        )
    check_cells(path, rows, kinds)
    if by_content:
        check_content(source_id, content_sha256(rows, by_content), path)
    return rows
