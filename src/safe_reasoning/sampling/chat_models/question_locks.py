"""Two jobs of a run that ask the same question at once: one asks, the other waits for its reply."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_WAIT = 0.05  # seconds


class QuestionLocks:
    """A lock a question, each one byte of a file.

    The locks belong to the process and end with it, however it ends.

    Args:
        path: of the file, which stays empty.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = open(path, "a")  # noqa: SIM115  (the locks live as long as the open file)

    @contextmanager
    def hold(self, digest: str) -> Iterator[None]:
        """Keep other processes from asking the question with this digest; waits while one does.

        Threads of one process must not share a question.
        """
        place = int(digest[:15], 16)
        while True:
            # Never a blocking call: the kernel takes two processes with many threads each for a
            # deadlock where there is none.
            try:
                fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place)
                break
            except (BlockingIOError, PermissionError):
                time.sleep(_WAIT)
        try:
            yield
        finally:
            fcntl.lockf(self._file, fcntl.LOCK_UN, 1, place)
