"""Replies of an endpoint that were paid for, in one file for all jobs of a run."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from safe_reasoning.sampling.chat_models.database import Database

FILE = "replies.sqlite"
_CHUNK = 500  # digests in one query; SQLite allows 999 values in old builds
_TABLES = """
CREATE TABLE IF NOT EXISTS replies (
  question BLOB PRIMARY KEY, reply TEXT NOT NULL, finish_reason TEXT NOT NULL, model TEXT NOT NULL,
  checksum BLOB NOT NULL
) WITHOUT ROWID;
"""


class ReplyStore:
    """Each reply under the digest of its question: written whole or not at all, with a checksum.

    A file for each reply would do as well, but a run at the paper's scale has millions, and file
    systems of clusters count files.

    Args:
        folder: of one endpoint in one run.
        name: of the endpoint, for errors.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self._database = Database(
            folder / FILE,
            _TABLES,
            f"where replies of endpoints.{name} are kept",
            "a broken file must be deleted, its replies are then asked and paid for again",
        )

    def find(self, digests: Sequence[str]) -> dict[str, str | None]:
        """The replies that are there, by the digest of their question (hex).

        None where a reply differs from what was written.
        """
        found: dict[str, str | None] = {}
        for start in range(0, len(digests), _CHUNK):
            keys = tuple(bytes.fromhex(digest) for digest in digests[start : start + _CHUNK])
            marks = ", ".join("?" * len(keys))
            rows = self._database.rows(f"SELECT * FROM replies WHERE question IN ({marks})", keys)  # noqa: S608
            for question, reply, finish_reason, model, checksum in rows:
                whole = checksum == _checksum(question, reply, finish_reason, model)
                found[question.hex()] = reply if whole else None
        return found

    def keep(self, digest: str, reply: str, finish_reason: str, model: str) -> None:
        """Write a reply; it is on the disk when this returns."""
        question = bytes.fromhex(digest)
        row = (question, reply, finish_reason, model, _checksum(question, reply, finish_reason, model))
        with self._database.transaction() as connection:
            connection.execute("INSERT OR REPLACE INTO replies VALUES (?, ?, ?, ?, ?)", row)


def _checksum(*values: object) -> bytes:
    """SHA-256 over the values of a row, of whatever type they are now."""
    return hashlib.sha256(repr(values).encode()).digest()
