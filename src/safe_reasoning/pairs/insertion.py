"""Sentences put into a trace whose other tokens stay as they were sampled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from safe_reasoning.core.trace import Tokenizer, continue_text, whole_tokens


class Inserted(NamedTuple):
    """A trace with something put in.

    Attributes:
        token_ids: of the whole.
        start: first token of what was put in.
        end: the first one after it.
    """

    token_ids: list[int]
    start: int
    end: int


def insert(tokenizer: Tokenizer, token_ids: Sequence[int], character: int, text: str) -> Inserted:
    """Put a text into a completion before a character of its text.

    What comes before keeps its tokens; so does what comes after, unless a token lies across the
    place, which then is encoded again.
    """
    ids = list(token_ids)
    whole = tokenizer.decode(ids, skip_special_tokens=True)
    kept = ids[: whole_tokens(tokenizer, ids, character)]
    leftover = whole[len(tokenizer.decode(kept, skip_special_tokens=True)) : character]
    added = continue_text(tokenizer, kept, leftover + text)
    start, end = len(kept), len(kept) + len(added)
    if not leftover:
        return Inserted([*kept, *added, *ids[start:]], start, end)
    rest = continue_text(tokenizer, [*kept, *added], whole[character:])
    return Inserted([*kept, *added, *rest], start, end)
