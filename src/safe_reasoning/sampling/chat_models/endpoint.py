"""A model behind an OpenAI-compatible address.

Side by side, retried, capped, and nothing paid for twice.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safe_reasoning.config.endpoints import Endpoint
from safe_reasoning.core.cli import progress
from safe_reasoning.core.errors import UserError
from safe_reasoning.sampling.chat_models.budget import Budget, BudgetReached
from safe_reasoning.sampling.chat_models.question_locks import QuestionLocks
from safe_reasoning.sampling.chat_models.reply_store import ReplyStore
from safe_reasoning.sampling.pieces import Message

if TYPE_CHECKING:
    from safe_reasoning.sampling.chat_models.failures import Failure

PROGRESS_EVERY = 500  # replies between two lines of progress
# Requests without a reply, after all their retries, that mean that the endpoint is out of order
IN_A_ROW = 10
CHARACTERS = 4  # a token, about: only for the cost that is reported beforehand


class EndpointChat:
    """Asks an endpoint through the `openai` package, whose retries and backoff are used as they
    are.

    Each reply is kept in `cache`, under the hash of address, model, parameters and conversation, so
    a killed job asks only for what it had not got, and two jobs at once ask the same question once.
    A single request that fails after all retries is a reply of None, counted
    and reported. A failure that the next request would meet too (key, model name, server away, many
    failures in a row, the cap of the budget) is a UserError; those under way end and are kept.

    Attributes:
        asked: in this process: replies that were paid for, the tokens that the endpoint counted,
            replies cut off by max_tokens, refusals to answer, requests that failed.
    """

    def __init__(self, name: str, settings: Endpoint, cache: Path) -> None:
        from openai import OpenAI

        from safe_reasoning.sampling.chat_models.metered import MeteredClient

        key = os.environ.get(settings.key_variable)
        if not key:
            raise UserError(
                f"endpoints.{name}: {settings.key_variable} is not set: put the key of {settings.model} there"
            )
        self._name, self._settings, self._key = name, settings, key
        self._kept = ReplyStore(cache, name)
        self._budget, self._questions = (
            Budget(cache / "spent.sqlite", name, settings),
            QuestionLocks(cache / "questions.lock"),
        )
        self._client = OpenAI(
            api_key=key,
            base_url=settings.base_url,
            timeout=settings.timeout_seconds,
            max_retries=settings.retries,
            http_client=MeteredClient(self._budget, settings.max_tokens),
        )
        # Where none is configured, the package may take one from the environment
        self._address = str(self._client.base_url)
        self._lock = threading.Lock()
        self._answers = False  # whether this endpoint has answered anything
        self.asked = {
            "requests": 0,
            "prompt_tokens": 0,
            "completion_tokens": 0,
            "cut_off": 0,
            "refused": 0,
            "failed": 0,
        }

    def replies(self, conversations: Sequence[list[Message]], label: str) -> list[str | None]:
        """One reply per conversation; the same conversation is asked once."""
        digests = [self._digest(conversation) for conversation in conversations]
        found = self._kept.find(digests)
        kept = {digest: reply for digest, reply in found.items() if reply is not None}
        missing = {
            digest: conversation
            for digest, conversation in zip(digests, conversations, strict=True)
            if digest not in kept
        }
        self._answers |= bool(kept)
        if damaged := len(found) - len(kept):
            progress(f"{label}: {damaged:,} kept replies are damaged and asked again")
        if missing:
            self._report_costs(list(missing.values()), len(kept), label)
        with ThreadPoolExecutor(self._settings.concurrency) as pool:
            jobs = [pool.submit(self._ask, digest, conversation) for digest, conversation in missing.items()]
            try:
                failures = self._collect(jobs, label)
            except UserError as error:
                # Those under way end, and what they bring is kept
                pool.shutdown(cancel_futures=True)
                there = self._kept.find(list(missing)).values()
                still = len(missing) - sum(reply is not None for reply in there)
                left = f"{still:,} of the {len(missing):,} questions of {label} are still to ask"
                repair = (
                    ": raise it and run again, it goes on from the replies it has"
                    if isinstance(error, BudgetReached)
                    else ""
                )
                raise UserError(f"{error}; {left}{repair}") from None
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
        if failures:
            self.asked["failed"] += failures.total()
            reasons = ", ".join(f"{reason}: {count}" for reason, count in failures.most_common(3))
            progress(
                f"{label}: {failures.total()} of {len(missing)} requests failed after "
                f"{self._settings.retries} retries ({reasons}): unscored"
            )
            progress(
                f"{label}: to ask these again, remove what this job writes and run again; replies that "
                "came are kept"
            )
        found |= self._kept.find(list(missing))
        return [found.get(digest) for digest in digests]

    def _report_costs(self, conversations: Sequence[list[Message]], there: int, label: str) -> None:
        prompt = (
            sum(len(message["content"]) for conversation in conversations for message in conversation)
            // CHARACTERS
        )
        reply = len(conversations) * self._settings.max_tokens
        usd = self._settings.usd(prompt, reply)
        costs = f"about {prompt:,} tokens in, at most {reply:,} out" + (f", {usd:,.2f} USD" if usd else "")
        progress(
            f"{label}: asking {self._settings.model} {len(conversations):,} times ({costs}), {there:,} "
            "replies were there"
        )
        progress(
            f"{label}: spent at {self._name} so far in this run: "
            f"{self._budget.spent().summary(self._settings)}"
        )

    def _collect(self, jobs: Sequence[Future[Failure | None]], label: str) -> Counter[str]:
        """Wait for the jobs, and count by kind those that failed.

        Too many of them in a row, or all of them, are a UserError.
        """
        failures: Counter[str] = Counter()
        in_a_row, last = 0, None
        for number, job in enumerate(as_completed(jobs), start=1):
            if number % PROGRESS_EVERY == 0:
                progress(f"{label}: {number:,}/{len(jobs):,} replies")
            failure = job.result()
            if failure is None:
                in_a_row, self._answers = 0, True
                continue
            failures[failure.reason] += 1
            if failure.repair and not (failure.perhaps_its_own and self._answers):
                in_a_row, last = in_a_row + 1, failure
            if last and in_a_row >= IN_A_ROW:
                self._give_up(last, in_a_row)
        if last and not self._answers:
            self._give_up(last, in_a_row)
        return failures

    def _give_up(self, failure: Failure, count: int) -> None:
        retried = "" if failure.perhaps_its_own else f", after {self._settings.retries} retries each"
        raise UserError(
            f"endpoints.{self._name}: {count} requests in a row without a reply{retried}: "
            f"{failure.reason}: {failure.repair}, then run again"
        )

    def _digest(self, conversation: list[Message]) -> str:
        what = [
            self._address,
            self._settings.model,
            self._settings.temperature,
            self._settings.max_tokens,
            conversation,
        ]
        return hashlib.sha256(json.dumps(what, sort_keys=True, ensure_ascii=False).encode()).hexdigest()

    def _ask(self, digest: str, conversation: list[Message]) -> Failure | None:
        """Ask one question and keep the reply; what went wrong where there is none."""
        import openai

        from safe_reasoning.sampling.chat_models.failures import NO_COMPLETION, failure_of, refuses_content

        with self._questions.hold(digest):
            if self._kept.find([digest]).get(digest) is not None:  # another job has asked it meanwhile
                return None
            try:
                completion = self._client.chat.completions.create(
                    model=self._settings.model,
                    messages=conversation,  # type: ignore[arg-type]
                    temperature=self._settings.temperature,
                    max_tokens=self._settings.max_tokens,
                )
            except openai.APIError as error:
                if not refuses_content(error):
                    secrets = [self._key, *(message["content"] for message in conversation)]
                    return failure_of(error, self._name, self._settings, self._address, secrets)
                reply, finish_reason, usage = "", "content_filter", None
            except (ValueError, RecursionError):  # not JSON, or no text at all
                return NO_COMPLETION
            else:
                found = _reply_of(completion)
                if found is None:
                    return NO_COMPLETION
                (reply, finish_reason), usage = found, completion.usage
            self._kept.keep(digest, reply, finish_reason, self._settings.model)
        with self._lock:
            self.asked["requests"] += 1
            self.asked["cut_off"] += finish_reason == "length"
            self.asked["refused"] += finish_reason == "content_filter"
            for key in ("prompt_tokens", "completion_tokens"):
                count = getattr(usage, key, None)
                self.asked[key] += count if type(count) is int else 0
        return None


def _reply_of(completion: Any) -> tuple[str, str] | None:
    """Text and reason of the end of an answer; None for one without a reply.

    The package checks no types, so anything may stand anywhere.

    An answer without words (all tokens went into reasoning, or the provider refuses) is an empty
    reply: it was paid for, and no judge can read a verdict off it.
    """
    choices = getattr(completion, "choices", None)
    if not isinstance(choices, list) or not choices:
        return None
    message = getattr(choices[0], "message", None)
    if message is None or not isinstance(message.content, str | None):
        return None
    # JSON can escape half a character, which no file can hold
    content = (message.content or "").encode(errors="replace").decode()
    return content, str(choices[0].finish_reason or "")
