"""A model behind an OpenAI-compatible address: side by side, retried, and nothing paid for twice."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from safe_reasoning import config
from safe_reasoning.chat_models import Message
from safe_reasoning.command import progress
from safe_reasoning.errors import UserError
from safe_reasoning.masking import mask_quotes
from safe_reasoning.records import read_json, write_json

TOLD_EVERY = 500  # replies between two lines of progress


class EndpointChat:
    """Asks an endpoint through the `openai` package, whose retries and backoff are used as they are.

    Each reply is a file in `cache`, named by the hash of address, model, parameters and conversation, so a killed job asks only for what it had not got.
    A fault of the account or the configuration (key, model name) is a UserError; a single request that fails after all retries is a reply of None, and is
    asked again by the next job.

    Attributes:
        asked: requests sent, and tokens the endpoint counted, in this process.
    """

    def __init__(self, name: str, settings: config.Endpoint, cache: Path) -> None:
        from openai import OpenAI

        key = os.environ.get(settings.key_variable)
        if not key:
            raise UserError(f"endpoints.{name}: {settings.key_variable} is not set: put the key of {settings.model} there")
        self._name, self._settings, self._cache = name, settings, cache
        self._client = OpenAI(api_key=key, base_url=settings.base_url, timeout=settings.timeout_seconds, max_retries=settings.retries)
        self._lock = threading.Lock()
        self.asked = {"requests": 0, "prompt_tokens": 0, "completion_tokens": 0, "failed": 0}

    def replies(self, conversations: Sequence[list[Message]], label: str) -> list[str | None]:
        """One reply a conversation; the same conversation is asked once."""
        paths = [self._path(conversation) for conversation in conversations]
        missing = {path: conversation for path, conversation in zip(paths, conversations, strict=True) if not path.exists()}
        if missing:
            progress(f"{label}: asking {self._settings.model} {len(missing)} times, {len(set(paths)) - len(missing)} replies were there")
        with ThreadPoolExecutor(self._settings.concurrency) as pool:
            jobs = [pool.submit(self._ask, path, conversation) for path, conversation in missing.items()]
            try:
                for number, job in enumerate(jobs, start=1):
                    job.result()
                    if number % TOLD_EVERY == 0:
                        progress(f"{label}: {number}/{len(jobs)} replies")
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
        if failed := sum(not path.exists() for path in missing):
            self.asked["failed"] += failed
            progress(
                f"{label}: {failed} of {len(missing)} requests failed after {self._settings.retries} retries: unscored; run again to ask them again"
            )
        return [read_json(path)["reply"] if path.exists() else None for path in paths]

    def _path(self, conversation: list[Message]) -> Path:
        what = [self._settings.base_url, self._settings.model, self._settings.temperature, self._settings.max_tokens, conversation]
        digest = hashlib.sha256(json.dumps(what, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
        return self._cache / digest[:2] / f"{digest}.json"

    def _ask(self, path: Path, conversation: list[Message]) -> None:
        import openai

        try:
            completion = self._client.chat.completions.create(
                model=self._settings.model,
                messages=conversation,  # type: ignore[arg-type]
                temperature=self._settings.temperature,
                max_tokens=self._settings.max_tokens,
            )
            reply = completion.choices[0].message.content
        except (openai.AuthenticationError, openai.PermissionDeniedError):
            raise UserError(f"endpoints.{self._name}: the key in {self._settings.key_variable} is refused: check it") from None
        except openai.NotFoundError:
            raise UserError(
                f"endpoints.{self._name}: there is no model {self._settings.model}: mend endpoints.{self._name}.model"
            ) from None
        except openai.BadRequestError as error:
            if error.code == "content_filter" or "content" in str(error.code):
                reply = ""  # the provider refuses to answer: a reply without a verdict
                completion = None
            else:
                # The provider's words are what helps here, but they may quote the conversation.
                told = str(error.message).splitlines()[0]
                reason = mask_quotes(told, [message["content"] for message in conversation])[:200]
                raise UserError(f"endpoints.{self._name}: the request is refused ({reason}): mend the endpoint's settings") from None
        except (openai.APIError, json.JSONDecodeError, IndexError, AttributeError, TypeError):
            return  # a passing fault, or an answer that is none: counted by the caller, nothing kept
        if not isinstance(reply, str):
            return
        usage = completion.usage if completion else None
        write_json(path, {"reply": reply, "model": self._settings.model})
        with self._lock:
            self.asked["requests"] += 1
            self.asked["prompt_tokens"] += usage.prompt_tokens if usage else 0
            self.asked["completion_tokens"] += usage.completion_tokens if usage else 0
