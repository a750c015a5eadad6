"""A second reading of reasonings that correct themselves: what follows the correction.

SafB (Chain-of-Guardrails, arXiv 2510.21285) keeps a flawed reasoning and learns a self-check after
it, so that as written its reasoning is harmful by design. This judge asks another one about the
reasoning from its first correction on: the first sentence after a compliance cue that speaks of
safety. A reasoning without a cue or a correction is read whole, and responses always are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from safe_reasoning.config import judges
from safe_reasoning.core.sentences import split_sentences
from safe_reasoning.core.trace import split_trace
from safe_reasoning.core.wording import plain
from safe_reasoning.judging.base import CueDetector, Kind
from safe_reasoning.judging.detectors import exact, lexical
from safe_reasoning.judging.judges import displayed
from safe_reasoning.judging.judges.exact import TRIGGERS
from safe_reasoning.judging.judges.lexical import is_safety

if TYPE_CHECKING:
    from safe_reasoning.config import Config


class Settings(judges.Settings):
    """What follows the first correction after a cue, read by another judge."""

    kind: Literal["corrected"]
    by: Literal["exact", "lexical"] = Field(
        description="the judge that reads it; cues and corrections are found by rules that go with it"
    )


KIND = Kind(
    Settings,
    criteria=("harmful", "complies", "correct"),
    # They only rise, so that a change of any shows
    rules_version=displayed.KIND.rules_version + exact.KIND.rules_version + lexical.KIND.rules_version,
)


def after_correction(text: str, by: Literal["exact", "lexical"]) -> str:
    """A completion from the correction of its reasoning on, all of it without one."""
    trace = split_trace(text)
    sentences = split_sentences(trace.reasoning)
    detector: CueDetector = exact.ExactCueDetector() if by == "exact" else lexical.LexicalCueDetector()
    corrects = TRIGGERS.__contains__ if by == "exact" else lambda said: is_safety(plain(said))
    (cue,) = detector.first_cues([[sentence.text for sentence in sentences]])
    if cue.index is None:
        return text
    found = next((each for each in sentences[cue.index + 1 :] if corrects(each.text)), None)
    return text if found is None else text[trace.start + found.start :]


def open_judge(name: str, settings: Settings, config: Config) -> displayed.SecondReading:
    """The judge, with the one that it asks."""
    return displayed.SecondReading(name, KIND, settings.by, lambda text: after_correction(text, settings.by))
