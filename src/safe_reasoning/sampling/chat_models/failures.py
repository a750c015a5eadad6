"""Why a request failed.

Something to repair before anything else is asked, or something that may pass.

The provider's message is shown only where it repeats nothing of what was sent.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import httpx2
import openai

from safe_reasoning.config.endpoints import Endpoint
from safe_reasoning.core.errors import UserError
from safe_reasoning.core.redaction import strip_local_paths

QUOTED = 12  # letters and digits in a row that make a quotation
SHORTEST = 4  # a message of fewer stands in any sentence by chance
# OpenAI's code; vLLM's parameters
TOO_LONG = ("context_length_exceeded", "input_tokens", "input_text")


@dataclass(frozen=True)
class Failure:
    """Why a request had no reply.

    Attributes:
        reason: in a few words, for the count.
        repair: what to do where nothing else comes; None: it is this conversation's own fault,
            whatever comes.
        perhaps_its_own: it may lie in this conversation, where others of the endpoint have been
            answered.
    """

    reason: str
    repair: str | None
    perhaps_its_own: bool = False


NO_COMPLETION = Failure("an answer that is no chat completion", "look at what answers there")


def refuses_content(error: Exception) -> bool:
    """Whether the provider refuses this conversation because of its content."""
    if not isinstance(error, openai.BadRequestError):
        return False
    # OpenAI and Azure have codes for it (content_filter, content_policy_violation); DeepSeek has
    # words.
    return (
        str(error.code).startswith("content_")
        and error.code not in TOO_LONG
        or "Content Exists Risk" in error.message
    )


def failure_of(
    error: Exception, name: str, settings: Endpoint, address: str, secrets: Iterable[str]
) -> Failure:
    """What an exception of the `openai` package means.

    Args:
        error: raised by a request, after all retries.
        name: of the endpoint.
        settings: of the endpoint.
        address: that was asked.
        secrets: the key and the messages sent, of which nothing may be repeated.

    Raises:
        UserError: for what no other request would survive: a wrong key, model or address, no money,
            no server.
    """
    at = f"endpoints.{name}"
    if isinstance(error, (openai.AuthenticationError, openai.PermissionDeniedError)):
        raise UserError(
            f"{at}: the key in {settings.key_variable} is refused ({error.status_code}): check it"
        ) from None
    if isinstance(error, openai.NotFoundError):
        raise UserError(
            f"{at}: there is no model {settings.model} at {strip_local_paths(address)}: fix {at}.model or "
            f"{at}.base_url"
        ) from None
    if isinstance(error, openai.APIStatusError):
        return _failure_of_status(error, at, settings, secrets)
    if isinstance(error.__cause__, httpx2.ConnectError | httpx2.ConnectTimeout):
        raise UserError(
            f"{at}: {strip_local_paths(address)} can't be reached "
            f"({str(error.__cause__) or 'no answer'}), after {settings.retries} retries: "
            f"start it or fix {at}.base_url, then run again"
        ) from None
    if isinstance(error, openai.APITimeoutError):
        return Failure(
            f"no answer within {settings.timeout_seconds:g} s",
            f"raise {at}.timeout_seconds, lower {at}.concurrency, or look after the server",
        )
    if isinstance(error, openai.APIConnectionError):
        return Failure("a connection that broke", "look after the server")
    return NO_COMPLETION


def _failure_of_status(
    error: openai.APIStatusError, at: str, settings: Endpoint, secrets: Iterable[str]
) -> Failure:
    status = error.status_code
    if status == 402 or error.code == "insufficient_quota":
        raise UserError(
            f"{at}: the account behind {settings.key_variable} has no money or quota left ({status}): fix "
            "that, then run again"
        ) from None
    if status == 429:
        return Failure("status 429, too many requests", f"lower {at}.concurrency, or raise {at}.retries")
    if status >= 500 or status in (408, 409):
        return Failure(f"status {status}", "look after the server")
    if error.code in TOO_LONG or error.param in TOO_LONG:
        return Failure("too long for the model", None)
    return Failure(
        f"the request is refused with status {status} ({words_of(error.message, secrets)})",
        f"fix the settings of {at}",
        perhaps_its_own=True,
    )


def words_of(message: str, secrets: Iterable[str]) -> str:
    """The first line of what a provider says, unless it repeats a secret or a part of one."""
    message_letters = _letters(message)
    for secret in map(_letters, secrets):
        size = min(QUOTED, len(secret))
        if size >= SHORTEST and any(
            secret[start : start + size] in message_letters for start in range(len(secret) - size + 1)
        ):
            return "in words that repeat what was sent, so they are not shown"
    return message.splitlines()[0][:200] if message.strip() else "without a word"


def _letters(text: str) -> str:
    return re.sub(r"[\W_]+", "", text).casefold()
