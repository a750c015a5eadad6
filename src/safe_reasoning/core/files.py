"""Files written whole or not at all, and their hashes."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from safe_reasoning.core.errors import UserError


@contextmanager
def whole_file(path: Path | str) -> Iterator[IO[bytes]]:
    """A file to write into that has its name once all of it is written, and is gone otherwise.

    Until then it has a temporary name in the same folder.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with open(temporary, "wb") as handle:
            yield handle
            handle.flush()
            os.fsync(handle.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_bytes(path: Path | str, content: bytes) -> None:
    """Write a file whole or not at all."""
    with whole_file(path) as handle:
        handle.write(content)


def write_json(path: Path | str, value: Any) -> None:
    """Write JSON with sorted keys, so that equal values are equal files."""
    write_bytes(path, (json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode())


def read_json(path: Path | str) -> Any:
    """Read a JSON file; a missing or broken one is a UserError that names it."""
    try:
        return json.loads(Path(path).read_bytes())
    except FileNotFoundError:
        raise UserError(f"{path} does not exist: run the rule that makes it") from None
    except (ValueError, RecursionError) as error:  # no JSON, or no text at all
        raise UserError(f"{path} is not valid JSON ({error}): delete it and run again") from None


def sha256(path: Path | str) -> str:
    """Hex SHA-256 of a file's bytes."""
    with open(path, "rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
