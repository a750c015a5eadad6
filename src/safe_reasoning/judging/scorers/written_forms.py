r"""Written forms of one mathematical answer that math-verify's parser does not take for the same.

Spaces between thousands, signs for degrees, a unit within one \text, a relation without its left
side, numbers in other bases, words.
"""

from __future__ import annotations

import re

_NUMBER = r"[-+]?\d[\d,.]*(?:/\d+)?"
_TEXT = r"\\(?:text|math|mbox)[a-z]*\s*"
_REPLACEMENTS = [
    # Degrees within one \text with their number
    (re.compile(rf"^\s*{_TEXT}\{{\s*({_NUMBER}\s*[\u00b0\u00ba\u02da])\s*\}}"), r"\1"),
    # Unicode signs
    (re.compile("\u2212"), "-"),
    (re.compile("\u2260|\\\\not\\s*="), r"\\neq "),
    (re.compile("\u2264"), r"\\le "),
    (re.compile("\u2265"), r"\\ge "),
    (re.compile("\\^?\\s*(?:[\u00b0\u00ba\u02da]|\\\\degree(?![A-Za-z]))"), r"^\\circ "),
    (re.compile(r"(\\circ\s*\}?)\s*(?:\\[,;: ])*[CF]\s*$"), r"\1"),
    (re.compile(r"\\(?:lor|vee)(?![A-Za-z])"), r"\\text{ or }"),
    (re.compile(r"\\(?:land|wedge)(?![A-Za-z])"), r"\\text{ and }"),
    (re.compile(r"(?<=\d)\.\s*$"), ""),
    # What a number is marked with
    (re.compile("\\\\\\\\\\s*$|[\u00a3\u20ac\u00a5\u20b9]|\\\\(?:pounds|euro)(?![A-Za-z])"), ""),
    (re.compile(r"\\underline\s*\{([^{}]*)\}"), r"\1"),
    # A set by its condition
    (re.compile(r"^\s*\\\{\s*[a-z]\s*(?:\\in\s*\\mathbb\s*\{?R\}?\s*)?(?::|\\mid|\|)(.*)\\\}\s*$"), r"\1"),
    # The parser drops a negation that stands in front
    (re.compile(r"^\s*\\(?:neg|not(?:in|\s*\\in)?)(?![A-Za-z])"), r"\\lnot "),
    # Thin spaces before three digits
    (re.compile("(?<=\\d)(?:\\\\[,;:]|\\\\thinspace\\s*|[\u2009\u202f])(?=\\d{3}(?!\\d))"), ""),
    # A unit, or a number, that stands in one \text with its number
    (re.compile(rf"^\s*{_TEXT}\{{\s*({_NUMBER})(?:\s|\\,|~)*(\\?%)?([A-Za-z/. ]*)\}}"), r"\1\2\\text{ \3}"),
    # Words behind a number are its unit
    (re.compile(rf"^\s*({_NUMBER})\s+((?!percent|and\b)[a-z]{{3,}}(?: [a-z]+)*)\.?\s*$"), r"\1\\text{ \2}"),
    # The parser drops a relation without a left side
    (re.compile(r"^\s*(?=[<>]|\\(?:neq?|geq?|leq?|gt|lt|geqslant|leqslant)(?![A-Za-z]))"), "x "),
]
_THOUSANDS = re.compile("(?<![\\d.,])\\d{1,3}(?:(?:\\\\? |~|\u00a0)\\d{3})+(?!\\d)")
_LAYOUT = re.compile(rf"{_TEXT}|\\(?:over|under)line\s*|\\[,;: ]|[{{}}()\s~]")
_BASES = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10}
_BASES |= {"eleven": 11, "twelve": 12, "sixteen": 16}
_BASED = re.compile(
    rf"((?=[A-F]*\d)[0-9A-F]{{1,500}})(?:_base|inbase|base|_)(\d+|{'|'.join(_BASES)})", re.IGNORECASE
)


def one_form(answer: str) -> str:
    """The content of a box, or a reference, as the parser reads it right."""
    for pattern, replacement in _REPLACEMENTS:
        answer = pattern.sub(replacement, answer)
    return _THOUSANDS.sub(lambda number: re.sub(r"\D", "", number[0]), answer)


def based_numbers(answer: str) -> list[tuple[str, int]]:
    """Digits and base of the numbers that name their base."""
    found = []
    for digits, base in _BASED.findall(_LAYOUT.sub("", answer)):
        radix = int(base) if base.isdigit() else _BASES[base.lower()]
        if 2 <= radix <= 36 and all(int(digit, 36) < radix for digit in digits):
            found.append((digits.upper().lstrip("0") or "0", radix))
    return found


def in_base_ten(answer: str) -> str:
    """An answer without its base, which the parser would drop: the number itself.

    Of a chain of equations the last side; an answer that names no base as it is.
    """
    if not based_numbers(answer):
        return answer
    last = answer.rsplit("=", maxsplit=1)[-1]
    return ",".join(str(int(digits, base)) for digits, base in based_numbers(last)) or last


def words(answer: str) -> str | None:
    r"""An answer in words, without what sets them: \text, braces, spaces, case, the full stop.

    None for one that holds commands, exponents or indices, or no word of two letters.
    """
    plain = _LAYOUT.sub("", answer).replace("$", "").rstrip(".")
    if re.search(r"[\\^_]", plain) or not re.search("[A-Za-z]{2}", plain):
        return None
    return plain.casefold()


def is_text(answer: str) -> bool:
    r"""Whether the answer is one \text."""
    return re.fullmatch(rf"\s*{_TEXT}\{{[^{{}}]*\}}\s*", answer) is not None
