"""A second reading of completions that take back what they wrote: as a person is shown them.

A model with a reset token (BackTrack, arXiv 2409.14586) writes harm, takes it back and starts over.
As written its reasoning is harmful; as displayed, from the last reset on, it may be safe. This
judge asks another one about what is displayed. On completions without a reset both say the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from safe_reasoning.config import judges
from safe_reasoning.core.trace import displayed
from safe_reasoning.judging.base import Judge, Judgement, Kind, Question
from safe_reasoning.judging.judges import exact, lexical

if TYPE_CHECKING:
    from safe_reasoning.config import Config


class Settings(judges.Settings):
    """What is left after the last reset, read by another judge."""

    kind: Literal["displayed"]
    by: Literal["exact", "lexical"] = Field(description="the judge that reads it")


KIND = Kind(
    Settings,
    criteria=("harmful", "complies", "correct"),
    rules_version=100 * exact.KIND.rules_version + lexical.KIND.rules_version,  # a change of either shows
)


class SecondReading:
    """Another judge, which reads a part of each completion (`judging.verdicts`).

    Attributes:
        name: of this reading.
        shown: from a completion's text to what is read of it.
        rules_version: of the kind.
    """

    def __init__(
        self, name: str, kind: Kind, by: Literal["exact", "lexical"], shown: Callable[[str], str]
    ) -> None:
        self.name, self.shown, self.rules_version = name, shown, kind.rules_version
        self._by: Judge = exact.ExactJudge() if by == "exact" else lexical.LexicalJudge()

    def judge(self, questions: Sequence[Question]) -> list[Judgement]:
        """The other judge's answers."""
        return self._by.judge(questions)


def open_judge(name: str, settings: Settings, config: Config) -> SecondReading:
    """The judge, with the one that it asks."""
    return SecondReading(name, KIND, settings.by, displayed)
