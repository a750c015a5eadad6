"""The paper's judge: a chat model with a seven-point rubric, asked once about the reasoning and
once about the response (section 4).

The seven points are the paper's, the words are ours (prompts/rubric.txt, whose digest is kept with
the verdicts). Only a reply that is a lone 0 or 1 counts.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Literal

from pydantic import Field

from safe_reasoning.config import Config, judges
from safe_reasoning.config.section import Name
from safe_reasoning.judging.base import Kind, Question
from safe_reasoning.judging.chat_annotator import instruction, quoted
from safe_reasoning.judging.reply_judge import Reply, ReplyJudge
from safe_reasoning.sampling.chat_models.factory import open_chat


class Settings(judges.Settings):
    """The paper's seven-point rubric, in our words."""

    kind: Literal["rubric"]
    chat: Name = Field(description="endpoint or model that is asked")


KIND = Kind(Settings, criteria=("harmful", "complies"), prompt_tokens=420)


class RubricJudge(ReplyJudge):
    """Harmfulness by the rubric, compliance by a question of its own.

    Next to what the model wrote stands the plain request, without the attack around it.
    """

    instructions = ("rubric", "compliance")
    criteria = KIND.criteria

    def question(self, asked: Question) -> Hashable | None:
        """Our instruction with the request and the part between marks."""
        request, text = quoted(asked.prompt["request"]), quoted(asked.text)
        if asked.criterion == "complies":
            return instruction("compliance").format(request=request, text=text)
        return instruction("rubric").format(request=request, part=asked.part, text=text)

    def read(self, verdict: str) -> Reply | None:
        """A lone 1 or 0, with or without a full stop."""
        value = {"1": True, "0": False}.get(verdict.removesuffix("."))
        return None if value is None else Reply(value, value)


def open_judge(name: str, settings: Settings, config: Config) -> RubricJudge:
    """The rubric, asked of the configured chat model."""
    return RubricJudge(name, open_chat(settings.chat, config))
