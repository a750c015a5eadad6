"""The paper's cue detector.

A chat model reads the numbered sentences of the reasoning and answers one number (section 2).

It does not see the prompt.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from safe_reasoning.config import Config, judges
from safe_reasoning.config.section import Name
from safe_reasoning.core.replies import single_number
from safe_reasoning.judging.base import FirstCue, Kind
from safe_reasoning.judging.chat_annotator import ChatAnnotator, instruction, quoted
from safe_reasoning.sampling.chat_models.factory import open_chat


class Settings(judges.Settings):
    """A cue detector that shows a chat model the numbered sentences of a reasoning."""

    kind: Literal["few_shot"]
    chat: Name = Field(description="endpoint or model that is asked")


KIND = Kind(Settings, prompt_tokens=330)


class FewShotCueDetector(ChatAnnotator):
    """Finds the first compliance cue.

    A reply that is not the number of a sentence after the first, or 0 for no cue, leaves the cue
    undetermined and is counted.
    """

    instructions = ("compliance_cue",)

    def first_cues(self, reasonings: Sequence[Sequence[str]]) -> list[FirstCue]:
        """The first cue of each reasoning.

        Fewer than two sentences hold no cue, and no model is asked.
        """
        sent = [
            numbered("compliance_cue", sentences) if len(sentences) > 1 else None for sentences in reasonings
        ]
        wanted = [question for question in sent if question is not None]
        replies = dict(zip(wanted, self.ask(wanted), strict=True))
        return [
            FirstCue(None) if question is None else self._read(question, replies[question], len(sentences))
            for question, sentences in zip(sent, reasonings, strict=True)
        ]

    def _read(self, question: str, reply: str | None, sentences: int) -> FirstCue:
        number = single_number(reply)
        if number == 0:
            return FirstCue(None)
        if number is not None and 2 <= number <= sentences:
            return FirstCue(number - 1)
        self.count_unparsed(question)
        return FirstCue(None, undetermined=True)


def numbered(name: str, sentences: Sequence[str]) -> str:
    """An instruction with the sentences of a reasoning, numbered from 1."""
    lines = (f"{number}. {' '.join(sentence.split())}" for number, sentence in enumerate(sentences, start=1))
    return instruction(name).format(sentences=quoted("\n".join(lines)))


def open_detector(name: str, settings: Settings, config: Config) -> FewShotCueDetector:
    """The detector that asks the configured chat model."""
    return FewShotCueDetector(name, open_chat(settings.chat, config))
