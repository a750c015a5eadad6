"""Multiple choice: the last letter that is stated as the answer.

`ANSWER: X` goes before a boxed letter. Marks of Markdown, LaTeX and HTML around the keyword or the
letter make no difference, and the choice's text may follow its letter ("C) 5 eV"). A letter that is
the beginning of something else states nothing (the article in "Answer: a decrease", "D-glucose",
"c = 3e8"), and one of several ("A or C") is no choice.
"""

from __future__ import annotations

import re

from safe_reasoning.judging.scorers.boxes import boxed

# Commands and signs that change how a letter looks, not what it says
_COMMANDS = re.compile(
    r"\\(?:text[a-z]*|math[a-z]*|boxed|fbox|mbox|boldsymbol|bm|bf|rm|it|emph|underline|left|right"
    r"|displaystyle|large|Large|LARGE|huge|Huge)(?![A-Za-z])\s*|\\[()\[\]!]|</?(?![A-D]>)[A-Za-z][^<>\n]*>"
)
# HTML's line breaks, paragraphs and cells, and think tags end a line
_LINES = re.compile(
    r"</?(?:br|p|div|li|tr|td|think)\b[^<>\n]*>|\\\\|\s\|(?=\s*$)", re.IGNORECASE | re.MULTILINE
)
_INVISIBLE = re.compile("[\u200b-\u200f\u2060\ufe0f\ufeff\u2600-\u27bf\U0001f300-\U0001faff]")
_SPACES = re.compile(r"\\q?quad(?![A-Za-z])|\\[,;: ]|~|\u00a0|\u202f|\u2009")
_MARKED_LETTER = re.compile(
    r"(\*{1,3}|_{1,2}|`|[\"“‘'<«]|\{\s*)\(?([A-D])\)?[.:]?(?:\1|[\"”’'>»]|\s*\})(?!\w)"
)
_MARKS = re.compile(r"[*`${}\"“”‘’]|(?<!\w)_+|_+(?!\w)|^[ \t]*[-#>]+[ \t]+", re.MULTILINE)
_KEYWORD = re.compile(r"\banswer(?:\s+is)?\s*[:\uff1a]\s*", re.IGNORECASE)
_VALUE = re.compile(
    r"(?P<lead>(?:[(\[]?\s*(?:the|correct|right|best|final|answer|is|option|choice|letter)\s+)*)"
    r"[(\[]*\s*(?P<letter>[A-D])(?:(?P<close>\s*[)\]])|(?!\w))(?P<rest>.*)",
    re.IGNORECASE,
)
# A second letter beside the first
_SEVERAL = re.compile(
    r"\s*(?:,\s*)?(?:/|\||&|\+|,|;|\?|\u2192|\u21d2|[-=]>|\bor\b|\band\b|\bvs\.?|\bto\b)\s*"
    r"(?:(?:option|choice|maybe|perhaps|even)\s+)*[(\[]?(?-i:[A-D])(?!\w)"
    r"|\s*[(\[]\s*or\s+[(\[]?(?-i:[A-D])(?!\w)",
    re.IGNORECASE,
)
# What may follow a capital letter that is the choice: an end, a sign before its text, a reason
_AFTER = re.compile(
    r"\s*$|[.,:;!?](?!\w)|:|\s+[-\u2010-\u2015(\[:>\u2192\u21d2]|\s*[\u2012-\u2015](?=\s)"
    r"|\s+(?:because|since|as|due|(?:is|was) (?:the )?(?:correct|right|true|best|answer)|The|This|It)\b"
)
_AFTER_BRACKET = re.compile(r"(?!\s*[=^_+/*<>]|-\w)")


def stated_choice(response: str) -> str | None:
    """The letter of the last `ANSWER: X`, or else of the last boxed letter.

    None when neither is there, or when the last one names several. Nothing is guessed from running
    text.
    """
    text = _plain(response)
    lines = [text[found.end() :].split("\n", 1)[0] for found in _KEYWORD.finditer(text)]
    letters = [_letter(line) for line in lines]
    if not any(letter is not None for letter in letters):
        letters = [
            _letter(_plain(f"{{{content}}}"), boxed=True) for content in boxed(response)[-9:] if content
        ]
    return next((letter for letter in reversed(letters) if letter is not None), None) or None


def _plain(text: str) -> str:
    """The text without marks; a capital letter that had marks of its own stands in brackets."""
    text = _COMMANDS.sub("", _SPACES.sub(" ", _LINES.sub("\n", _INVISIBLE.sub("", text))))
    while (marked := _MARKED_LETTER.sub(r"(\2)", text)) != text:
        text = marked
    return _MARKS.sub("", text)


def _letter(text: str, *, boxed: bool = False) -> str | None:
    """The letter that the text after a keyword, or in a box, states.

    "" for several, None for none.
    """
    found = _VALUE.match(text.strip())
    if found is None:
        return None
    letter, rest = found["letter"], found["rest"]
    if _SEVERAL.match(rest):
        return "" if letter.isupper() else None
    if found["close"]:
        good = bool(_AFTER_BRACKET.match(rest))
    elif letter.isupper() or re.search("option|choice|letter", found["lead"], re.IGNORECASE):
        good = bool(_AFTER.match(rest))
    else:  # a small letter is more often a word or a quantity
        good = not boxed and re.fullmatch(r"[.,;!?\s]*", rest) is not None
    return letter.upper() if good else None


def score_choice(answer: str, response: str) -> tuple[bool, str]:
    """Whether the stated letter is the right one."""
    letter = stated_choice(response)
    if letter is None:
        return False, "no_answer"
    return (True, "") if letter == answer else (False, "wrong")
