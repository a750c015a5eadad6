"""Sentences of a reasoning, in any script, with their character bounds.

The paper names no splitter: these rules are our choice (docs/fidelity.md). A sentence ends

- at . ! ? or an ellipsis before white space, closing quotes, brackets and emphasis included;
- at a full stop of another script, with or without white space;
- at a line break.

The dot of a list number ("1.", "a.", "Step 2."), of an abbreviation and of an initial is no end,
nor is a stop in quotation marks or brackets after which the sentence goes on in small letters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

_CLOSING = r"\"'”’»›“‘)\]}*_~`$\ufe0f\u2600-\u27bf\U0001f300-\U0001faff"
# What may stand between a stop and the white space after it: marks, ends of formulas and of HTML's
# elements, numbers of references
_CLOSINGS = rf"(?:[{_CLOSING}]|\\[)\]]|</[A-Za-z]\w{{0,9}}>|\[\d{{1,3}}\])"
# Full stops of other scripts; a wide one between digits is a decimal point
_STOPS = "。！？｡।॥۔؟؞։׃\u037e܀܁܂።፧፨။។៕༎།᙮᠃᠉‽‼⁇⁈⁉﹒﹖﹗꓿"
_LINE_END = r"[\n\r\x0b\x0c\x1c-\x1e\u2028\u2029\x85]"
_BOUNDARY = re.compile(
    rf"(?P<stop>(?:\.(?:[ \u00a0]\.)+|[.!?…]+)(?P<closing>{_CLOSINGS}+|[ \u00a0\u202f][»›])?)(?=\s)\s+"
    # In Japanese "to" goes on after a quotation
    rf"|(?:(?:[{_STOPS}]|(?<!\d)．|．(?!\d))++(?:{_CLOSINGS}|[」』）】》])*+(?!(?<=[」』])(?:と|って)))\s*"
    rf"|{_LINE_END}\s*"
)
_LIST_MARK = re.compile(
    r"[\s>#*_]*(?:[-+•]\s+[*_]*)?[(\[]?(?:\d{1,3}(?:\.\d{1,3}){0,4}|[A-Za-z]|[ivxIVX]{1,4})[)\]]?\."
)
_NUMBERED = re.compile(
    r"\W*(?:step|part|phase|stage|section|chapter|item|option|point|question|rule|task|problem|day|note|example|"
    r"method|way|reason|tip|case|approach|figure|table|exercise|lesson)\s+\d{1,3}\.",
    re.IGNORECASE,
)
_LIST_IN_A_ROW = re.compile(r"[:;]\s+[(\[]?1\.$")
# Abbreviations after which a sentence goes on.
_TITLES = """
mr mrs ms messrs dr prof st mt gen sen rep capt lt col sgt rev hon gov pres vs cf al fig figs eq eqs approx
e.g i.e viz resp incl esp dept univ est vol pp ed eds no nos
"""
# Abbreviations that may also end a sentence: they do before a word that opens one.
_ENDINGS = "etc inc ltd co corp jr sr"
# After these it goes on before a digit or a small letter.
_SHORT = """
p sec sect ch chap para max min avg temp ft lb lbs oz tsp tbsp hr hrs yr yrs ca ver ave blvd rd apt ibid
"""
_DATES = "Jan Feb Mar Apr Jun Jul Aug Sep Sept Oct Nov Dec Mon Tue Tues Wed Thu Thur Thurs Fri Sat Sun"
_OPENERS = """
i i'm i'll i've the this that these those it he she we they you so but then however wait let okay ok now and
or if my there what why how also first next finally still maybe perhaps alright hmm since because when while
for in on at to yes well thus therefore instead
"""
_TITLE_WORDS, _ENDING_WORDS, _OPENING_WORDS, _SHORT_WORDS, _DATE_WORDS = (
    frozenset(words.split()) for words in (_TITLES, _ENDINGS, _OPENERS, _SHORT, _DATES)
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
    """Whether a stop before white space ends the sentence that began at `start`."""
    closing = match["closing"] or ""
    if re.search(r"[\"'”’»)\]]", closing) and text[match.end() : match.end() + 1].islower():
        return False  # what was quoted or put in brackets is a part of the sentence
    if match["stop"].removesuffix(closing) != "." or closing.strip("*_"):
        return True
    before = text[start : match.start() + 1]
    following = _WORD.search(text, match.end(), match.end() + _WINDOW)
    if _NUMBERED.fullmatch(before) or (_LIST_MARK.fullmatch(before) and _is_list_item(before, following)):
        return False
    if _LIST_IN_A_ROW.search(before[-12:]):
        return False
    words = _WORD.findall(before[-24:])
    if not words or not before[:-1].endswith(words[-1]):
        return True
    return following is None or _ends_after(words[-1], following[0])


def _ends_after(last: str, following: str) -> bool:
    """Whether a sentence ends with a word and a dot before another word."""
    opens = following[0].isupper() and following.lower() in _OPENING_WORDS
    if last.lower() in _TITLE_WORDS:
        # "no." is an answer before a word that opens a sentence.
        return last.lower() in ("no", "ed") and (opens or not following[0].isdigit())
    if last.lower() in _ENDING_WORDS or re.fullmatch(r"[A-Za-z]{1,2}(?:\.[A-Za-z]{1,2})+", last):
        return opens
    if last.lower() in _SHORT_WORDS or last in _DATE_WORDS:
        return not (following[0].isdigit() or following[0].islower())
    if len(last) == 1 and last.isupper() and last != "I":  # an initial
        return opens or not following[0].isupper()
    return True


def _is_list_item(mark: str, following: re.Match[str] | None) -> bool:
    """Whether words follow a list mark. A lone letter may be a sentence of its own ("a. b.")."""
    return mark[:-1].rstrip(")]")[-1].isdigit() or (following is not None and len(following[0]) > 1)
