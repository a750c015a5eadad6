"""What a request that failed tells: a fault to repair before anything else is asked, or one that may pass. The provider's words are told only where they repeat nothing."""

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
TOO_LONG = ("context_length_exceeded", "input_tokens", "input_text")  # OpenAI's code; vLLM's parameters


@dataclass(frozen=True)
class Fault:
    """Why a request had no reply.

    Attributes:
        told: in a few words, for the count.
        repair: what to do where nothing else comes; None: it is this conversation's own fault, whatever comes.
        perhaps_its_own: it may lie in this conversation, where others of the endpoint have been answered.
    """

    told: str
    repair: str | None
    perhaps_its_own: bool = False


NO_COMPLETION = Fault("an answer that is no chat completion", "look at what answers there")


def refuses_content(error: Exception) -> bool:
    """Whether the provider refuses to read or answer this conversation because of what it is about."""
    if not isinstance(error, openai.BadRequestError):
        return False
    # OpenAI and Azure have codes for it (content_filter, content_policy_violation); DeepSeek has words.
    return str(error.code).startswith("content_") and error.code not in TOO_LONG or "Content Exists Risk" in error.message


def fault_of(error: Exception, name: str, settings: Endpoint, address: str, secrets: Iterable[str]) -> Fault:
    """What an exception of the `openai` package means.

    Args:
        error: raised by a request, after all retries.
        name: of the endpoint.
        settings: of the endpoint.
        address: that was asked.
        secrets: the key and the messages sent, of which nothing may be repeated.

    Raises:
        UserError: for what no other request would survive: a wrong key, model or address, no money, no server.
    """
    at = f"endpoints.{name}"
    if isinstance(error, (openai.AuthenticationError, openai.PermissionDeniedError)):
        raise UserError(f"{at}: the key in {settings.key_variable} is refused ({error.status_code}): check it") from None
    if isinstance(error, openai.NotFoundError):
        raise UserError(
            f"{at}: there is no model {settings.model} at {strip_local_paths(address)}: mend {at}.model or {at}.base_url"
        ) from None
    if isinstance(error, openai.APIStatusError):
        return _fault_of_status(error, at, settings, secrets)
    if isinstance(error.__cause__, httpx2.ConnectError | httpx2.ConnectTimeout):
        raise UserError(
            f"{at}: {strip_local_paths(address)} can't be reached ({str(error.__cause__) or 'no answer'}), after {settings.retries} retries: "
            f"start it or mend {at}.base_url, then run again"
        ) from None
    if isinstance(error, openai.APITimeoutError):
        return Fault(
            f"no answer within {settings.timeout_seconds:g} s",
            f"raise {at}.timeout_seconds, lower {at}.concurrency, or look after the server",
        )
    if isinstance(error, openai.APIConnectionError):
        return Fault("a connection that broke", "look after the server")
    return NO_COMPLETION


def _fault_of_status(error: openai.APIStatusError, at: str, settings: Endpoint, secrets: Iterable[str]) -> Fault:
    status = error.status_code
    if status == 402 or error.code == "insufficient_quota":
        raise UserError(
            f"{at}: the account behind {settings.key_variable} has no money or quota left ({status}): mend that, then run again"
        ) from None
    if status == 429:
        return Fault("status 429, too many requests", f"lower {at}.concurrency, or raise {at}.retries")
    if status >= 500 or status in (408, 409):
        return Fault(f"status {status}", "look after the server")
    if error.code in TOO_LONG or error.param in TOO_LONG:
        return Fault("too long for the model", None)
    return Fault(
        f"the request is refused with status {status} ({words_of(error.message, secrets)})",
        f"mend the settings of {at}",
        perhaps_its_own=True,
    )


def words_of(message: str, secrets: Iterable[str]) -> str:
    """The first line of what a provider says, unless it repeats a secret or a part of one."""
    said = _letters(message)
    for secret in map(_letters, secrets):
        size = min(QUOTED, len(secret))
        if size >= SHORTEST and any(secret[start : start + size] in said for start in range(len(secret) - size + 1)):
            return "in words that repeat what was sent, so they are not shown"
    return message.splitlines()[0][:200] if message.strip() else "without a word"


def _letters(text: str) -> str:
    return re.sub(r"[\W_]+", "", text).casefold()
