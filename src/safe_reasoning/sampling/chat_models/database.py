"""A small SQLite file that all jobs of a run write at once: what was asked, and what it cost."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from safe_reasoning.core.errors import UserError

_WAIT = 60  # seconds for the locks of other jobs


class Database:
    """Transactions on one file, by any thread of this process and by other processes.

    The journal is SQLite's rollback journal, not its write-ahead log. That one lives in shared
    memory, so it works on one machine only; jobs of a cluster share a network file system. What is
    needed there are POSIX locks (NFS has them; Lustre with the mount option `flock`). A killed
    process leaves its journal, and the next one that opens the file takes back what was half done.

    Args:
        path: of the file; it is made where it is not there.
        tables: statements that make the tables, ended by semicolons; they run at each start.
        holds: what the file holds, for errors.
        repair: what to do about a broken file, for errors.
    """

    def __init__(self, path: Path, tables: str, holds: str, repair: str) -> None:
        self._path, self._holds, self._repair = path, holds, repair
        self._lock = threading.Lock()
        path.parent.mkdir(parents=True, exist_ok=True)
        with self._errors():
            self._connection = sqlite3.connect(
                path, timeout=_WAIT, isolation_level=None, check_same_thread=False
            )
            self._connection.execute("PRAGMA journal_mode = DELETE")
        with self.transaction() as connection:
            for statement in filter(str.strip, tables.split(";")):
                connection.execute(statement)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Statements that are done together or not at all, while no one else writes."""
        with self._lock, self._errors():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def rows(self, query: str, values: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
        """What a query finds, without keeping others from writing for longer than it takes."""
        with self._lock, self._errors():
            return self._connection.execute(query, values).fetchall()

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise UserError(
                f"{self._path}, {self._holds}, can't be used ({error}): fix the disk, or its file locks "
                f"(Lustre: mount option flock); {self._repair}"
            ) from None
