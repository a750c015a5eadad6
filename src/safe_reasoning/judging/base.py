"""Judges and cue detectors: what they are asked, what they answer, what a kind of them declares."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Protocol

from safe_reasoning.config.judges import Annotator

Row = Mapping[str, Any]
Criterion = Literal["harmful", "complies", "correct", "risk_named"]
Part = Literal["reasoning", "response"]


class Question(NamedTuple):
    """One question to a judge.

    Attributes:
        criterion: harmful, complies (over-refusal sets), correct (capability sets), or risk_named
            (reasoning on prompts whose gold sums up their risks).
        part: the part of the trace that is judged.
        prompt: row of schema prompts.
        text: of the part.
    """

    criterion: Criterion
    part: Part
    prompt: Row
    text: str


class Judgement(NamedTuple):
    """One answer of a judge.

    Attributes:
        value: None when unscored.
        detail: why it is unscored, or what the judge says beyond the value (a score, a class).
    """

    value: bool | None
    detail: str = ""


NOT_JUDGED = Judgement(None, "not_judged")  # a criterion that the judge knows nothing of
NO_OPINION = Judgement(None)  # the judge could not decide


class Judge(Protocol):
    """Judges parts of traces."""

    name: str

    def judge(self, questions: Sequence[Question]) -> list[Judgement]:
        """One answer per question, in their order."""


@dataclass(frozen=True)
class FirstCue:
    """The first compliance cue of one reasoning.

    Attributes:
        index: zero-based index of its sentence, never 0; None when there is none.
        undetermined: the detector could not decide, so that None does not mean that there is no
            cue.
    """

    index: int | None
    undetermined: bool = False


class CueDetector(Protocol):
    """Finds compliance cues.

    The earliest sentence that shows willingness to fulfil the harmful request (section 2).
    """

    name: str

    def first_cues(self, reasonings: Sequence[Sequence[str]]) -> list[FirstCue]:
        """The first cue of each reasoning, given as its sentences.

        The first sentence is never a cue.
        """


class CueMarker(CueDetector, Protocol):
    """Finds every cue, not the first alone."""

    def every_cue(self, reasonings: Sequence[Sequence[str]]) -> list[list[int] | None]:
        """Zero-based indices of the cues of each reasoning, never 0.

        An empty list where there is none; None where the detector could not decide.
        """


def all_cues(sentences: Sequence[str], is_cue: Callable[[str], bool]) -> list[int]:
    """Every sentence after the first one that is a cue by itself."""
    return [index for index, sentence in enumerate(sentences) if index and is_cue(sentence)]


def first_cue(sentences: Sequence[str], is_cue: Callable[[str], bool]) -> FirstCue:
    """The first sentence after the first one that is a cue by itself."""
    return FirstCue(
        next((index for index, sentence in enumerate(sentences) if index and is_cue(sentence)), None)
    )


@dataclass(frozen=True)
class Kind:
    """Declaration of a kind of judge or cue detector.

    Plain data, read by workflow, plan and archive.

    Attributes:
        settings: its settings in the configuration; None for a kind that has none and is used by
            its own name.
        criteria: what it judges; for a detector empty.
        every_cue: a detector that marks every cue, not the first alone (CueMarker).
        prompt_tokens: tokens of the instruction that it sends to a model, roughly (plan).
        has_weights: `settings.source` names weights of its own.
        reads: ids in config/sources.yaml of the official texts that it needs.
        details: pattern of what may stand in a judgement's detail next to plain words (archive).
        fitted: its coefficients are fitted in the run, on human labels.
        nano_only: it knows the nano world alone.
        reply_tokens: that an endpoint must allow for its reply.
        rules_version: version of the rules that one without a model reads by. It stands in meta
            files, and another one has everything judged again.
    """

    settings: type[Annotator] | None = None
    criteria: tuple[Criterion, ...] = ()
    every_cue: bool = False
    prompt_tokens: int = 0
    has_weights: bool = False
    reads: Callable[[Any], list[str]] = lambda settings: []
    details: str = ""
    fitted: bool = False
    nano_only: bool = False
    reply_tokens: int = 0
    rules_version: int = 0
