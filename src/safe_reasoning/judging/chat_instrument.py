"""What judges and cue detectors that ask a chat model share: each question is asked once, and many are asked side by side."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

PROMPTS = Path(__file__).parent / "prompts"
Result = TypeVar("Result")


class Chat(Protocol):
    """The part of a chat model that is needed here (chat_models.ChatModel)."""

    def replies(self, conversations: Sequence[list[Any]], label: str) -> list[str | None]:
        """One reply a conversation, None where none could be had."""


class ChatInstrument:
    """Asks a chat model and remembers its replies. A reply that never came is None, which every instrument reports as unscored.

    Args:
        name: the instrument's name in the verdicts.
        chat: the model that is asked.

    Attributes:
        instructions: the instruction files it sends.
        unparsed: replies that were none of those that can be read, where the instrument counts them itself.
    """

    instructions: tuple[str, ...] = ()
    unparsed = 0

    def __init__(self, name: str, chat: Chat) -> None:
        self.name = name
        self._chat = chat
        self._replies: dict[str, str | None] = {}
        self._wanted: dict[str, None] | None = None

    def ask(self, question: str) -> str | None:
        """The reply to a question. While questions are being collected the question is noted down and the reply is None."""
        if question not in self._replies:
            if self._wanted is not None:
                self._wanted[question] = None
                return None
            self._fetch([question])
        return self._replies[question]

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

    def _fetch(self, questions: Sequence[str]) -> None:
        if questions:
            replies = self._chat.replies([[{"role": "user", "content": question}] for question in questions], self.name)
            self._replies.update(zip(questions, replies, strict=True))


def ask_together(instrument: object, work: Callable[[], Result]) -> Result:
    """`work()`, with the questions of an instrument that asks a chat model put side by side; other instruments are used as they are."""
    return instrument.ask_together(work) if isinstance(instrument, ChatInstrument) else work()


def provenance(instrument: object) -> dict[str, Any]:
    """What a meta file keeps of an instrument that asks a chat model: digest of its instructions, replies that could not be read, requests and tokens."""
    if not isinstance(instrument, ChatInstrument):
        return {}
    asked = getattr(instrument._chat, "asked", None)
    kept = {"instructions_sha256": instruction_sha256(*instrument.instructions), "unparsed_replies": instrument.unparsed}
    return kept | ({"asked": asked} if asked else {})


def instruction(name: str) -> str:
    """The text of an instruction file. Its first line names its version and is not sent."""
    return (PROMPTS / f"{name}.txt").read_text().split("\n", 1)[1].strip()


def instruction_sha256(*names: str) -> str:
    """Digest of instruction files, for the meta files."""
    return hashlib.sha256("".join((PROMPTS / f"{name}.txt").read_text() for name in names).encode()).hexdigest()


def single_number(reply: str | None) -> int | None:
    """The number that a reply consists of; None for anything else, be it a sentence that holds a number."""
    text = (reply or "").strip().removesuffix(".")
    return int(text) if text.isdecimal() and text.isascii() else None
