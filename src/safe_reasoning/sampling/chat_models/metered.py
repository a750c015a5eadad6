"""The HTTP client under the `openai` package, with a count of what each request costs.

Also of each retry, which the package sends on its own.
"""

from __future__ import annotations

import json
from typing import Any

import httpx2
from openai import DefaultHttpxClient

from safe_reasoning.sampling.chat_models.budget import Budget


class MeteredClient(DefaultHttpxClient):
    """Sends nothing without a ticket of the budget, and settles it by the answer.

    Args:
        budget: of the endpoint.
        reply_tokens: the most tokens a reply can have.
    """

    def __init__(self, budget: Budget, reply_tokens: int) -> None:
        super().__init__()
        self._budget, self._reply_tokens = budget, reply_tokens

    def send(self, request: httpx2.Request, **options: Any) -> httpx2.Response:
        """One request.

        A token is at least one byte, so the bytes of the request are the most tokens it can have.
        """
        ticket = self._budget.reserve(len(request.content), self._reply_tokens)
        try:
            response = super().send(request, **options)
        except (httpx2.ConnectError, httpx2.ConnectTimeout):
            self._budget.release(ticket)
            raise
        except BaseException:  # it was sent, and the answer is lost: it may have been paid for
            self._budget.settle(ticket, None)
            raise
        if response.is_success:
            self._budget.settle(ticket, used_by(response.content))
        else:
            self._budget.release(ticket)
        return response


def used_by(body: bytes) -> tuple[int, int] | None:
    """Tokens of prompt and reply as an answer states them; None where it does not."""
    try:
        usage = json.loads(body)["usage"]
        used = usage["prompt_tokens"], usage["completion_tokens"]
    except (ValueError, KeyError, TypeError, IndexError, RecursionError):
        return None
    return used if all(type(count) is int and count >= 0 for count in used) else None
