"""What judges and cue detectors that ask a model share: each question is asked once, and many are asked side by side."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Hashable, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

PROMPTS = Path(__file__).parent / "prompts"
Result = TypeVar("Result")


class Chat(Protocol):
    """The part of a chat model, or of a model that completes raw prompts, that is needed here (chat_models)."""

    def replies(self, conversations: Sequence[Any], label: str) -> list[str | None]:
        """One reply a conversation, None where none could be had."""


class ChatInstrument:
    """Asks a model and remembers its replies. A reply that never came is None, which every instrument reports as unscored.

    Args:
        name: the instrument's name in the verdicts.
        chat: the model that is asked.

    Attributes:
        instructions: the instruction files of ours that it sends.
        official_sha256: digests of other people's words that it sends, by name.
    """

    instructions: tuple[str, ...] = ()

    def __init__(self, name: str, chat: Chat) -> None:
        self.name = name
        self.official_sha256: dict[str, str] = {}
        self._chat = chat
        self._replies: dict[Hashable, str | None] = {}
        self._wanted: dict[Hashable, None] | None = None
        self._unparsed: set[Hashable] = set()

    @property
    def unparsed(self) -> int:
        """Questions whose reply was none of those that can be read."""
        return len(self._unparsed)

    @property
    def without_reply(self) -> int:
        """Questions that never got a reply."""
        return sum(reply is None for reply in self._replies.values())

    def ask(self, question: Hashable) -> str | None:
        """The reply to a question. While questions are being collected the question is noted down and the reply is None."""
        if question not in self._replies:
            if self._wanted is not None:
                self._wanted[question] = None
                return None
            self._fetch([question])
        return self._replies[question]

    def count_unparsed(self, question: Hashable) -> None:
        """Note that the reply to a question could not be read. One that never came is counted apart."""
        if self._replies.get(question) is not None:
            self._unparsed.add(question)

    def ask_together(self, work: Callable[[], Result]) -> Result:
        """Do `work`, which must have no effect beside its result, with all its questions asked side by side: once to collect them, once for the result."""
        if self._wanted is not None:
            return work()
        self._wanted = {}
        try:
            work()
            questions = list(self._wanted)
        finally:
            self._wanted = None
        self._fetch(questions)
        return work()

    def conversation(self, question: Hashable) -> Any:
        """What the model is sent for a question: here one message of a user."""
        return [{"role": "user", "content": question}]

    def _fetch(self, questions: Sequence[Hashable]) -> None:
        if questions:
            replies = self._chat.replies([self.conversation(question) for question in questions], self.name)
            self._replies.update(zip(questions, replies, strict=True))


def ask_together(instrument: object, work: Callable[[], Result]) -> Result:
    """`work()`, with the questions of an instrument that asks a chat model put side by side; other instruments are used as they are."""
    return instrument.ask_together(work) if isinstance(instrument, ChatInstrument) else work()


def provenance(instrument: object) -> dict[str, Any]:
    """What a meta file keeps of an instrument that asks a model: digests of its words, replies that could not be read or never came, requests, weights."""
    if not isinstance(instrument, ChatInstrument):
        return {}
    kept: dict[str, Any] = {"unparsed_replies": instrument.unparsed, "without_reply": instrument.without_reply}
    if instrument.instructions:
        kept["instructions_sha256"] = instruction_sha256(*instrument.instructions)
    if instrument.official_sha256:
        kept["official_sha256"] = instrument.official_sha256
    for key in ("asked", "weights"):
        if found := getattr(instrument._chat, key, None):
            kept[key] = found
    return kept


def instruction(name: str) -> str:
    """The text of an instruction file. What stands above its line of dashes (its version, what each change does to scores) is not sent."""
    return (PROMPTS / f"{name}.txt").read_text().split("\n---\n", 1)[1].strip()


def instruction_sha256(*names: str) -> str:
    """Digest of instruction files, for the meta files."""
    return hashlib.sha256("".join((PROMPTS / f"{name}.txt").read_text() for name in names).encode()).hexdigest()


def quoted(text: str) -> str:
    """Foreign text for the marks of our instructions (`<<<PART ... PART>>>`): what imitates a mark is spaced out, so that it can't end its quotation."""
    text = re.sub(r"\b(REQUEST|PART|SENTENCES)>>>", r"\1> > >", text, flags=re.IGNORECASE)
    return re.sub(r"<<<(REQUEST|PART|SENTENCES)\b", r"< < <\1", text, flags=re.IGNORECASE)


def single_number(reply: str | None) -> int | None:
    """The number that a reply consists of; None for anything else, be it a sentence that holds a number."""
    text = (reply or "").strip().removesuffix(".")
    return int(text) if text.isdecimal() and text.isascii() and len(text) <= 6 else None
