"""What a run has spent at an endpoint, and the cap on it.

One small database next to the replies, shared by all jobs that ask there.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from safe_reasoning.config.endpoints import Endpoint
from safe_reasoning.core.errors import UserError
from safe_reasoning.sampling.chat_models.database import Database

_WAIT = 0.05  # seconds between two looks at whether requests under way have left room
_TABLES = """
CREATE TABLE IF NOT EXISTS spent (requests INTEGER, prompt_tokens INTEGER, completion_tokens INTEGER);
CREATE TABLE IF NOT EXISTS under_way
  (ticket INTEGER PRIMARY KEY, prompt_tokens INTEGER, completion_tokens INTEGER);
INSERT INTO spent SELECT 0, 0, 0 WHERE NOT EXISTS (SELECT * FROM spent);
"""
_SPENT = """
SELECT requests + (SELECT count(*) FROM under_way),
       prompt_tokens + (SELECT coalesce(sum(prompt_tokens), 0) FROM under_way),
       completion_tokens + (SELECT coalesce(sum(completion_tokens), 0) FROM under_way) FROM spent
"""


class BudgetReached(UserError):
    """The next request could pass the cap."""


class Spending(NamedTuple):
    """Requests and tokens, with those under way at the most they can cost."""

    requests: int
    prompt_tokens: int
    completion_tokens: int

    def summary(self, settings: Endpoint) -> str:
        """In words, with the price where there is one."""
        tokens = (
            f"{self.requests:,} requests, {self.prompt_tokens:,} tokens in, {self.completion_tokens:,} out"
        )
        usd = settings.usd(self.prompt_tokens, self.completion_tokens)
        return tokens + (f", {usd:,.2f} USD" if usd else "")


class Budget:
    """Counts every request before it goes out, at the most it can cost, and puts the endpoint's own
    count instead of that when the answer is there.

    So a request whose answer was lost (a time-out, a broken connection, a killed job) stays counted
    at the most it can have cost, and the cap holds at every moment, whatever is killed. A request
    that can't have been paid for is taken back.

    Args:
        path: of the database.
        name: of the endpoint.
        settings: with the cap and the prices.
    """

    def __init__(self, path: Path, name: str, settings: Endpoint) -> None:
        self._name, self._settings = name, settings
        self._lock = threading.Lock()
        self._open = 0  # requests of this process that are under way
        self._stop: str | None = None  # why no further ticket is given
        self._database = Database(
            path,
            _TABLES,
            f"where the spending at endpoints.{name} is counted",
            "a broken file must be deleted, the count then starts at nothing",
        )

    def spent(self) -> Spending:
        """What has been spent by all jobs of the run."""
        with self._database.transaction() as database:
            return Spending(*database.execute(_SPENT).fetchone())

    def reserve(self, prompt_tokens: int, completion_tokens: int) -> int:
        """A ticket for one request that costs at most this much.

        Waits where requests of this process that are under way may leave room for it.

        Raises:
            BudgetReached: there is none. From then on this process gets no ticket.
        """
        while True:
            with self._database.transaction() as database:
                if self._stop:
                    raise BudgetReached(self._stop)
                spent = Spending(*database.execute(_SPENT).fetchone())
                then = Spending(
                    spent.requests + 1,
                    spent.prompt_tokens + prompt_tokens,
                    spent.completion_tokens + completion_tokens,
                )
                key = self._passed(then)
                if key is None:
                    values = (prompt_tokens, completion_tokens)
                    row = database.execute(
                        "INSERT INTO under_way (prompt_tokens, completion_tokens) VALUES (?, ?) RETURNING "
                        "ticket",
                        values,
                    )
                    ticket = int(row.fetchone()[0])
                elif not self._open:
                    most = getattr(self._settings.budget, key)
                    self._stop = (
                        f"endpoints.{self._name}.budget.{key}: {most:,} would be passed, the run has "
                        f"spent {spent.summary(self._settings)}"
                    )
                    raise BudgetReached(self._stop)
            if key is None:  # counted only once it is written down
                self._open += 1
                return ticket
            time.sleep(_WAIT)

    def settle(self, ticket: int, used: tuple[int, int] | None) -> None:
        """Put what a request has used, prompt and reply, instead of the most it could.

        None: unknown, so it stays at the most.
        """
        with self._ended(), self._database.transaction() as database:
            bound = database.execute(
                "DELETE FROM under_way WHERE ticket = ? RETURNING prompt_tokens, completion_tokens", (ticket,)
            ).fetchone()
            database.execute(
                "UPDATE spent SET requests = requests + 1, prompt_tokens = prompt_tokens + ?, "
                "completion_tokens = completion_tokens + ?",
                used or bound,
            )

    def release(self, ticket: int) -> None:
        """Take back a request that no one can ask money for.

        It never arrived, or was answered with an error status.
        """
        with self._ended(), self._database.transaction() as database:
            database.execute("DELETE FROM under_way WHERE ticket = ?", (ticket,))

    def _passed(self, then: Spending) -> str | None:
        cap = self._settings.budget
        if cap is None:
            return None
        values = {
            "requests": then.requests,
            "tokens": then.prompt_tokens + then.completion_tokens,
            "usd": self._settings.usd(then.prompt_tokens, then.completion_tokens),
        }
        return next(
            (
                key
                for key, value in values.items()
                if (most := getattr(cap, key)) is not None and value > most
            ),
            None,
        )

    @contextmanager
    def _ended(self) -> Iterator[None]:
        """A request is no longer under way, also when that can't be written down.

        No one must wait for it.
        """
        try:
            yield
        finally:
            with self._lock:
                self._open -= 1
