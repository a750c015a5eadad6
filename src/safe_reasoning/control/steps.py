"""Sentences of a draft's reasoning, and the edits behind or in place of one."""

from __future__ import annotations

from dataclasses import dataclass

from safe_reasoning.control.controller import Draft, Edit, cut_before
from safe_reasoning.core.sentences import split_sentences
from safe_reasoning.core.trace import Tokenizer, split_trace, whole_tokens


@dataclass(frozen=True)
class Step:
    """A sentence of a reasoning.

    `start` and `end` are its bounds in the completion's text, without white space at its end.
    `closed` says whether anything follows it, so that it is known to have ended.
    """

    text: str
    start: int
    end: int
    closed: bool


def steps_of(draft: Draft) -> list[Step]:
    """The sentences of a draft's reasoning, in their order."""
    trace = split_trace(draft.row["text"])
    sentences = split_sentences(trace.reasoning)
    last = len(sentences) - 1
    return [
        Step(
            sentence.text,
            trace.start + sentence.start,
            trace.start + sentence.text_end,
            number < last or trace.kind != "no_think_end",
        )
        for number, sentence in enumerate(sentences)
    ]


def last_token(tokenizer: Tokenizer, draft: Draft, step: Step) -> int:
    """Index of the token that ends a sentence."""
    ids = list(draft.row["token_ids"])
    whole = whole_tokens(tokenizer, ids, step.end)
    ends_there = len(tokenizer.decode(ids[:whole], skip_special_tokens=True)) == step.end
    return whole - 1 if whole and ends_there else whole


def edit_behind(tokenizer: Tokenizer, draft: Draft, step: Step, text: str, reason: str) -> Edit | None:
    """The edit that puts a text behind a sentence; None where that lies in fixed tokens."""
    return _behind_fixed(draft, cut_before(tokenizer, draft.row["token_ids"], step.end, f" {text}", reason))


def edit_instead(tokenizer: Tokenizer, draft: Draft, step: Step, text: str, reason: str) -> Edit | None:
    """The edit that puts a text in a sentence's place; None where that lies in fixed tokens."""
    return _behind_fixed(draft, cut_before(tokenizer, draft.row["token_ids"], step.start, text, reason))


def _behind_fixed(draft: Draft, edit: Edit) -> Edit | None:
    return edit if edit.keep >= draft.fixed else None
