"""What a cell of a benchmark's or an attack's file may hold, and the one line for another."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from safe_reasoning.core.errors import UserError


class Kind(NamedTuple):
    """What a column holds.

    Attributes:
        name: for messages.
        fits: whether a value is of this kind.
    """

    name: str
    fits: Callable[[Any], bool]


def _filled(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


FILLED = Kind("text", _filled)
TEXT = Kind("text (it may be empty)", lambda value: isinstance(value, str))
LABEL = Kind("text or a whole number", lambda value: _filled(value) or type(value) is int)
TEXTS = Kind(
    "a list of texts", lambda value: isinstance(value, list) and bool(value) and all(map(_filled, value))
)
TEXT_OR_NULL = Kind("text or null", lambda value: value is None or isinstance(value, str))


def check_cells(path: Path, rows: Sequence[Mapping[str, Any]], columns: Mapping[str, Kind]) -> None:
    """Whether each row has each column with a value of its kind.

    Raises:
        UserError: It names the file, the row (the first is 1, a header is not counted), the column.
    """
    for number, row in enumerate(rows, 1):
        for column, kind in columns.items():
            if column not in row:
                raise UserError(f"{path}, row {number} has no {column!r}: every row needs {kind.name} there")
            if not kind.fits(row[column]):
                held = f"{type(row[column]).__name__} {row[column]!r}"[:60]
                raise UserError(
                    f"{path}, row {number}: {column!r} must be {kind.name}, not {held}: correct it"
                )
