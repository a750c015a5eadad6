"""Judges and cue detectors that ask a model.

Each question is asked once, and many are asked at a time.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import Any, Protocol

PROMPTS = Path(__file__).parent / "prompts"


class Chat(Protocol):
    """The part of a chat model, or of a model that completes raw prompts, that is needed here
    (sampling/chat_models).
    """

    def replies(self, conversations: Sequence[Any], label: str) -> list[str | None]:
        """One reply per conversation, None where none could be had."""


class ChatAnnotator:
    """Asks a model and remembers its replies.

    Args:
        name: in the verdicts.
        chat: the model that is asked.

    Attributes:
        instructions: our instruction files that it sends.
        official_sha256: digests of the official prompt texts that it sends, by name.
    """

    instructions: tuple[str, ...] = ()

    def __init__(self, name: str, chat: Chat) -> None:
        self.name = name
        self.official_sha256: dict[str, str] = {}
        self._chat = chat
        self._replies: dict[Hashable, str | None] = {}
        self._unparsed: set[Hashable] = set()

    @property
    def unparsed(self) -> int:
        """Questions whose reply has none of the allowed forms."""
        return len(self._unparsed)

    @property
    def without_reply(self) -> int:
        """Questions that never got a reply."""
        return sum(reply is None for reply in self._replies.values())

    def ask(self, questions: Sequence[Hashable]) -> list[str | None]:
        """One reply per question, None where none came.

        A question that was asked before is not asked again.
        """
        new = [question for question in dict.fromkeys(questions) if question not in self._replies]
        if new:
            replies = self._chat.replies([self.conversation(question) for question in new], self.name)
            self._replies.update(zip(new, replies, strict=True))
        return [self._replies[question] for question in questions]

    def count_unparsed(self, question: Hashable) -> None:
        """Note that the reply to a question could not be read.

        One that never came is counted apart.
        """
        if self._replies.get(question) is not None:
            self._unparsed.add(question)

    def conversation(self, question: Hashable) -> Any:
        """What the model is sent for a question: here one message of a user."""
        return [{"role": "user", "content": question}]


def provenance(annotator: object) -> dict[str, Any]:
    """What a meta file keeps of a judge or detector.

    Digests of its texts, replies that could not be read or never came, requests, weights; of one
    that asks no model the version of its rules, where they have one.
    """
    if not isinstance(annotator, ChatAnnotator):
        version = getattr(annotator, "rules_version", None)
        return {} if version is None else {"rules_version": version}
    kept: dict[str, Any] = {"unparsed_replies": annotator.unparsed, "without_reply": annotator.without_reply}
    if annotator.instructions:
        kept["instructions_sha256"] = instruction_sha256(*annotator.instructions)
    if annotator.official_sha256:
        kept["official_sha256"] = annotator.official_sha256
    for key in ("asked", "weights"):
        if found := getattr(annotator._chat, key, None):
            kept[key] = found
    return kept


def instruction(name: str) -> str:
    """The text of an instruction file.

    What stands above its line of dashes (its version, what each change does to scores) is not sent.
    """
    return (PROMPTS / f"{name}.txt").read_text().split("\n---\n", 1)[1].strip()


def instruction_sha256(*names: str) -> str:
    """Digest of instruction files, for the meta files."""
    return hashlib.sha256(
        "".join((PROMPTS / f"{name}.txt").read_text() for name in names).encode()
    ).hexdigest()


def quoted(text: str) -> str:
    """Untrusted text for the marks of our instructions (`<<<PART ...

    PART>>>`): what imitates a mark is spaced out, so that it can't end its quotation.
    """
    text = re.sub(r"\b(REQUEST|PART|SENTENCES)>>>", r"\1> > >", text, flags=re.IGNORECASE)
    return re.sub(r"<<<(REQUEST|PART|SENTENCES)\b", r"< < <\1", text, flags=re.IGNORECASE)
