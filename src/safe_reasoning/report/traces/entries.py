"""What stands on the trace reader's page: traces and pairs, cut into sentences with their roles.

A text that may not be shown is masked here, before anything is written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from safe_reasoning.characterize.trigger_mining import normalized
from safe_reasoning.core.redaction import masked

Row = Mapping[str, Any]
Interval = tuple[int | None, int | None]  # without an upper end where a turning point may be missing


@dataclass(frozen=True)
class DisplayText:
    """A text as the page may hold it.

    `text` is None where it is masked, and `mark` stands in its place.
    """

    text: str | None
    length: int
    mark: str


@dataclass(frozen=True)
class Line:
    """A sentence: its number from 1, `role` ("cue", "trigger" or ""), the label of the picked
    trigger that it is, its tokens (from, to) and the CSR after it.
    """

    text: DisplayText
    number: int
    role: str = ""
    label: str = ""
    tokens: tuple[int, int] | None = None
    csr: float | None = None


@dataclass(frozen=True)
class Curve:
    """A continuation safety ratio.

    Values (NaN: nothing scored) at prefix lengths, with its turning points, the token before the
    first cue, and the turning points' intervals where they were measured.
    """

    prefix_tokens: list[int]
    values: list[float]
    safe_point: int | None
    unsafe_point: int | None
    cue: int | None
    safe_interval: Interval | None = None
    unsafe_interval: Interval | None = None


@dataclass(frozen=True)
class Verdict:
    """What the judge found of a part: "safe", "harmful", or "unscored" with the reason."""

    word: str
    detail: str


@dataclass(frozen=True)
class Trace:
    """A completion.

    `corrections` say what became of its reasoning after 0, 1, ... interventions, by trigger or
    control.
    """

    key: str
    kind: str  # csr | evaluated
    model: str
    method: str
    name: str
    prompt: DisplayText
    lines: list[Line]
    response: DisplayText | None
    reasoning_verdict: Verdict
    response_verdict: Verdict
    curve: Curve | None = None
    corrections: dict[str, list[str]] = field(default_factory=dict)

    @property
    def methods(self) -> list[str]:
        """The methods under which the page lists it."""
        return [self.method]

    @property
    def outcome(self) -> str:
        """Verdicts on reasoning and response, one word each."""
        return f"{self.reasoning_verdict.word}-{self.response_verdict.word}"

    @property
    def turning(self) -> str:
        """Whether it has a turning point; "" where no CSR is known."""
        if self.curve is None:
            return ""
        return "none" if self.curve.safe_point is None and self.curve.unsafe_point is None else "has"


@dataclass(frozen=True)
class Pair:
    """An intervened pair.

    What both sides share, then trigger and continuation against cue and continuation.
    """

    key: str
    model: str
    methods: list[str]
    name: str
    detector: str
    rounds: int
    prompt: DisplayText
    shared: list[Line]
    chosen: list[Line]
    rejected: list[Line]
    kind: str = "pair"
    outcome: str = ""
    turning: str = ""


class TextMasker:
    """Decides which text comes onto the page.

    Args:
        show_text: the configuration's `report.show_text`.
        triggers: the picked triggers (rows of triggers.json).
        shown: the same after `masking.mask_candidates`: those that are the same in both may be
            shown.
    """

    def __init__(self, show_text: bool, triggers: Sequence[Row], shown: Sequence[Row]) -> None:
        self.show_text = show_text
        self.triggers = shown
        self._labels = {normalized(row["text"]): row["label"] for row in triggers}
        self._harmless = {
            normalized(row["text"]): row["text"]
            for row, masked_row in zip(triggers, shown, strict=True)
            if row["text"] == masked_row["text"]
        }

    def label(self, sentence: str) -> str:
        """The label of the picked trigger that a sentence is, "" for any other."""
        return self._labels.get(normalized(sentence), "")

    def display(self, text: str) -> DisplayText:
        """A text as it may be shown.

        Of hidden ones those are shown that are a harmless trigger, in the trigger's own words.
        """
        return DisplayText(
            text if self.show_text else self._harmless.get(normalized(text)), len(text), masked(text)
        )

    def lines(
        self,
        sentences: Sequence[str],
        cue: int | None = None,
        trigger: int | None = None,
        first_number: int = 1,
    ) -> list[Line]:
        """Sentences as lines.

        Args:
            sentences: in order.
            cue: index of the first compliance cue.
            trigger: index of a sentence that is a trigger by its place; those that are picked
                triggers by their words are found here.
            first_number: of the first sentence.
        """
        lines = []
        for index, sentence in enumerate(sentences):
            label = self.label(sentence)
            role = "cue" if index == cue else "trigger" if label or index == trigger else ""
            lines.append(Line(self.display(sentence), first_number + index, role, label))
        return lines
