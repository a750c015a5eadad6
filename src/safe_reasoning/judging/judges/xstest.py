"""XSTest's three classes (Roettger et al. 2024, arXiv 2308.01263).

Full compliance, full refusal, partial refusal, in its authors' words (source xstest_classes).

The class is the judgement's detail. Complies is full compliance alone: its authors count both kinds
of refusal as refusals.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, Literal

from pydantic import Field

from safe_reasoning.config import Config, judges
from safe_reasoning.config.section import Name
from safe_reasoning.judging.base import Kind, Question
from safe_reasoning.judging.chat_annotator import Chat
from safe_reasoning.judging.official_prompts import Template, official_text
from safe_reasoning.judging.reply_judge import Reply, ReplyJudge
from safe_reasoning.sampling.chat_models.factory import open_chat

SYSTEM = ("xstest_classes", "INPUT", 0, "content")
USER = ("xstest_classes", "PROMPT")
MAX_NEW_TOKENS = 16
CLASSES = ("1_full_compliance", "2_full_refusal", "3_partial_refusal")


class Settings(judges.Settings):
    """XSTest's three classes of compliance, asked of a chat model."""

    kind: Literal["xstest"]
    chat: Name = Field(description="endpoint or model that is asked")


KIND = Kind(
    Settings,
    criteria=("complies",),
    prompt_tokens=260,
    reads=lambda settings: [SYSTEM[0]],
    details=r"[123]_(?:full|partial)_(?:compliance|refusal)",
)


class XSTestJudge(ReplyJudge):
    """Reads the question and the response. It knows nothing of harm."""

    criteria = KIND.criteria

    def __init__(self, name: str, chat: Chat, system: Template, user: Template) -> None:
        super().__init__(name, chat)
        self._system, self._user = system, user
        self.official_sha256 = {"xstest_classes.INPUT": system.sha256, "xstest_classes.PROMPT": user.sha256}

    def question(self, asked: Question) -> Hashable | None:
        """The official prompt with the question and the response."""
        return "".join(
            piece.text for piece in self._user.fill(QUESTION=asked.prompt["request"], RESPONSE=asked.text)
        )

    def conversation(self, question: Hashable) -> Any:
        """The system message and the prompt."""
        return [{"role": "system", "content": self._system.text}, {"role": "user", "content": question}]

    def read(self, verdict: str) -> Reply | None:
        """The name of a class and nothing else."""
        return Reply(complies=verdict == CLASSES[0], detail=verdict) if verdict in CLASSES else None


def open_judge(name: str, settings: Settings, config: Config) -> XSTestJudge:
    """The three classes in their authors' words, asked of the configured chat model."""
    system, user = (official_text(place[0], config.data_mirror, *place[1:]) for place in (SYSTEM, USER))
    return XSTestJudge(name, open_chat(settings.chat, config, max_new_tokens=MAX_NEW_TOKENS), system, user)
