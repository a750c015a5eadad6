"""A cue detector for sentences by which a model talks itself into helping.

Narrower than the paper's cue: mere willingness does not count. The notion is that of
self-jailbreaking (2025, arXiv 2510.20956); the instruction is ours. A chat model reads the numbered
sentences and answers with the numbers of all that count.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from safe_reasoning.config import Config, judges
from safe_reasoning.config.section import Name
from safe_reasoning.core.replies import number_list
from safe_reasoning.core.sentence_numbers import indices
from safe_reasoning.judging.base import FirstCue, Kind
from safe_reasoning.judging.chat_annotator import ChatAnnotator
from safe_reasoning.judging.detectors.few_shot import numbered
from safe_reasoning.sampling.chat_models.factory import open_chat


class Settings(judges.Settings):
    """A cue detector for sentences that rationalise, asked of a chat model."""

    kind: Literal["rationalising"]
    chat: Name = Field(description="endpoint or model that is asked")


KIND = Kind(Settings, every_cue=True, prompt_tokens=400)


class RationalisingCueDetector(ChatAnnotator):
    """Finds every sentence that rationalises.

    A reply that is not a list of numbers of sentences after the first leaves the reasoning
    undetermined and is counted.
    """

    instructions = ("rationalising_cue",)

    def every_cue(self, reasonings: Sequence[Sequence[str]]) -> list[list[int] | None]:
        """Every cue of each reasoning.

        Fewer than two sentences hold none, and no model is asked.
        """
        sent = [
            numbered("rationalising_cue", sentences) if len(sentences) > 1 else None
            for sentences in reasonings
        ]
        wanted = [question for question in sent if question is not None]
        replies = dict(zip(wanted, self.ask(wanted), strict=True))
        return [
            [] if question is None else self._read(question, replies[question], len(sentences))
            for question, sentences in zip(sent, reasonings, strict=True)
        ]

    def first_cues(self, reasonings: Sequence[Sequence[str]]) -> list[FirstCue]:
        """The first cue of each reasoning."""
        return [
            FirstCue(None, undetermined=True) if cues is None else FirstCue(cues[0] if cues else None)
            for cues in self.every_cue(reasonings)
        ]

    def _read(self, question: str, reply: str | None, sentences: int) -> list[int] | None:
        numbers = number_list(reply)
        found = None if numbers is None else indices(numbers, sentences, first=1)
        if found is None or 0 in found:
            self.count_unparsed(question)
            return None
        return found


def open_detector(name: str, settings: Settings, config: Config) -> RationalisingCueDetector:
    """The detector that asks the configured chat model."""
    return RationalisingCueDetector(name, open_chat(settings.chat, config))
