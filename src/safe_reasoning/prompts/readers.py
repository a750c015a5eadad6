"""Reading of benchmark files in the forms that their authors give them."""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from safe_reasoning.core.errors import UserError
from safe_reasoning.sources.fetch import fetch
from safe_reasoning.sources.table import check_content, check_rows


def read(path: Path) -> list[dict[str, Any]]:
    """Rows of a CSV, TSV, JSON, JSON-lines (also gzipped) or Parquet file.

    An unreadable one is a UserError.
    """
    try:
        match path.suffix:
            case ".csv" | ".tsv":
                with open(path, newline="", encoding="utf-8") as handle:
                    return list(csv.DictReader(handle, delimiter="\t" if path.suffix == ".tsv" else ","))
            case ".json":
                return json.loads(path.read_text(encoding="utf-8"))
            case ".parquet":
                import pyarrow.parquet as pq

                return pq.read_table(path).to_pylist()
            case _:
                text = (
                    gzip.decompress(path.read_bytes()).decode()
                    if path.suffix == ".gz"
                    else path.read_text(encoding="utf-8")
                )
                return [json.loads(line) for line in text.splitlines() if line.strip()]
    except (ValueError, OSError, EOFError) as error:
        raise UserError(
            f"{path} cannot be read ({str(error).splitlines()[0]}): delete it and fetch it again"
        ) from None


def content_sha256(rows: Sequence[dict[str, Any]], columns: Sequence[str]) -> str:
    """Hex digest of the columns that are used, whatever their file and order."""
    used = sorted([str(row[column]) for column in columns] for row in rows)
    return hashlib.sha256(json.dumps(used, ensure_ascii=False).encode()).hexdigest()


def read_source(
    source_id: str, mirror: str | None, columns: Sequence[str], *, by_content: Sequence[str] | None = None
) -> list[dict[str, Any]]:
    """All rows of a source, checked.

    The file by its pin, the number of rows, the columns, and what is in those of `by_content`.

    Raises:
        UserError: A file that is missing, altered, cut or of another form.
    """
    path = fetch(source_id, mirror)
    rows = read(path)
    check_rows(source_id, len(rows), path)
    if missing := [column for column in columns if column not in rows[0]]:
        raise UserError(
            f"{source_id}: {path} has no column {missing[0]!r} (it has {', '.join(rows[0])}): its authors "
            "changed it; fix its reader"
        )
    if by_content:
        check_content(source_id, content_sha256(rows, by_content), path)
    return rows
