"""Sentences of a reasoning, in any script, with their character bounds.

The paper names no splitter: these rules are our choice (docs/fidelity.md). A sentence ends

- at . ! ? or an ellipsis before white space, closing quotes, brackets and emphasis included;
- at a full stop of another script, with or without white space;
- at a line break.

The dot of a list number ("1.", "a.", "Step 2."), of an abbreviation and of an initial is no end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

_CLOSING = r"\"'”’»›)\]}*_~`$"
_BOUNDARY = re.compile(
    rf"(?P<stop>[.!?…]+(?:[{_CLOSING}]+|[ \u00a0\u202f][»›])?)(?=\s)\s+"
    rf"|(?:[。！？｡．।॥۔؟]+[{_CLOSING}」』）】》]*)\s*"
    r"|[\n\r\u2028\u2029\x85]\s*"
)
_LIST_MARK = re.compile(r"[\s>]*(?:[-*+•]\s+)?[(\[]?(?:\d{1,3}|[A-Za-z]|[ivxIVX]{1,4})\.")
_NUMBERED = re.compile(
    r"\W*(?:step|part|phase|stage|section|chapter|item|option|point|question|rule|task|problem|day)\s+\d{1,3}\.",
    re.IGNORECASE,
)
# Abbreviations after which a sentence goes on.
_TITLES = """
mr mrs ms dr prof st mt gen sen rep capt lt col sgt rev hon gov pres vs cf al fig figs eq eqs approx e.g i.e
viz resp incl esp dept est vol pp ed eds no nos
"""
# Abbreviations that may also end a sentence: they do before a word that opens one.
_ENDINGS = "etc inc ltd co corp jr sr"
_OPENERS = """
i i'm i'll i've the this that these those it he she we they you so but then however wait let okay ok now and
or if my there what why how also first next finally still maybe perhaps alright hmm since because when while
for in on at to yes well thus therefore instead
"""
_TITLE_WORDS, _ENDING_WORDS, _OPENING_WORDS = (
    frozenset(words.split()) for words in (_TITLES, _ENDINGS, _OPENERS)
)
_WINDOW = 60  # characters after a dot in which the next word is looked for
_WORD = re.compile(r"[^\W_]+(?:[.'’][^\W_]+)*")


@dataclass(frozen=True)
class Sentence:
    """A sentence of a text with its character bounds.

    `whole[start:end]` is the sentence with the white space after it, and before it where it is the
    first; `text_end` is where the sentence itself ends.
    """

    text: str
    start: int
    text_end: int
    end: int


def split_sentences(text: str) -> list[Sentence]:
    """Cut a text into sentences that tile it: joined, `text[s.start:s.end]` give the text back."""
    sentences: list[Sentence] = []
    start = 0
    for stop, end in [*_ends(text), (len(text), len(text))]:
        if text[start:stop].strip():
            text_end = start + len(text[start:stop].rstrip())
            sentences.append(Sentence(text[start:stop].strip(), start, text_end, end))
            start = end
    if sentences and start < len(text):
        sentences[-1] = replace(sentences[-1], end=len(text))
    return sentences


def _ends(text: str) -> Iterator[tuple[int, int]]:
    """Where sentences end: before and after the white space that follows."""
    start = 0  # of the current sentence
    for match in _BOUNDARY.finditer(text):
        stop = match.start() + len(match[0].rstrip())
        if match["stop"] and not _is_end(text, start, match):
            if not re.search(r"[\n\r\u2028\u2029\x85]", match[0]):
                continue
            stop = match.end("stop")
        yield stop, match.end()
        start = match.end()


def _is_end(text: str, start: int, match: re.Match[str]) -> bool:
    """Whether a dot before white space ends the sentence that began at `start`."""
    if match["stop"] != ".":
        return True
    before = text[start : match.start() + 1]
    following = _WORD.search(text, match.end(), match.end() + _WINDOW)
    if _NUMBERED.fullmatch(before) or (_LIST_MARK.fullmatch(before) and _is_list_item(before, following)):
        return False
    words = _WORD.findall(before[-24:])
    if not words or not before[:-1].endswith(words[-1]):
        return True
    last = words[-1]
    opens = following is None or (following[0][0].isupper() and following[0].lower() in _OPENING_WORDS)
    if last.lower() in _TITLE_WORDS:
        # "no." is an answer before a word that opens a sentence.
        return last.lower() in ("no", "ed") and (opens or not following[0][0].isdigit())  # type: ignore[index]
    if last.lower() in _ENDING_WORDS or re.fullmatch(r"[A-Za-z](?:\.[A-Za-z]{1,2})+", last):
        return opens
    if len(last) == 1 and last.isupper() and last != "I":  # an initial
        return opens or not following[0][0].isupper()  # type: ignore[index]
    return True


def _is_list_item(mark: str, following: re.Match[str] | None) -> bool:
    """Whether words follow a list mark. A lone letter may be a sentence of its own ("a. b.")."""
    return mark[-2].isdigit() or (following is not None and len(following[0]) > 1)
