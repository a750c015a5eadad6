"""Text made plain for phrase lists: marks, look-alike characters and quotations taken out."""

from __future__ import annotations

import html
import re
import unicodedata

# Before NFKC, which would turn an acute accent into a space and a combining mark
_APOSTROPHES = dict.fromkeys(
    map(ord, "\u2019\u2018\u02bc\u02b9\u2032\u2035\u00b4\u201b\u02bb\u055a\uff07\ua78c\uff40\u02cb"), "'"
)
_QUOTES = dict.fromkeys(map(ord, "\u201c\u201d\u201e\u201f\u00ab\u00bb\uff02\u2033\u300c\u300d"), '"')
_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\u00ad"), None)
_LOOKS = str.maketrans(_APOSTROPHES | _QUOTES | _INVISIBLE)
_BACKTICK = re.compile(r"(?<=[a-z])`(?=(?:t|m|d|s|ll|re|ve)\b)")
_TAG = re.compile(r"</?[a-z][a-z0-9]{0,9}(?: [^<>]{0,80})?/?>")
_STRUCK = re.compile(r"~~[^~]*~~")
_DASH = re.compile(r" ?(?:[\u2012-\u2015]|--| - ) ?")
_UNMARKED = str.maketrans({"*": "", "`": "", "~": "", "_": " "})
_NO_APOSTROPHE = re.compile(r"\b(ca|wo|do|would|could|should|is|are|does|did)nt\b")
# A span in quotation marks; inside single ones an apostrophe stands between letters
_QUOTED = re.compile(r'"([^"]*)"|(?<!\w)\'((?:[^\']|(?<=\w)\'(?=\w))+)\'(?!\w)')


def plain(text: str) -> str:
    """Lower case, straight apostrophes, single spaces, no emphasis, tags, invisible characters."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text.translate(_LOOKS))
    text = text.lower()
    if "&" in text:
        text = html.unescape(text).replace("\u2019", "'")
    if "`" in text:
        text = _BACKTICK.sub("'", text)
    if "~~" in text:
        text = _STRUCK.sub("", text)
    if "<" in text:
        text = _TAG.sub("", text)
    return _NO_APOSTROPHE.sub(r"\1n't", " ".join(text.translate(_UNMARKED).split()))


def unquoted(text: str) -> str:
    """A plain text without what it quotes.

    One or two words in quotation marks are emphasis and stay; so does a text that is one quotation.
    """
    if '"' not in text and "'" not in text:
        return text
    outside = _QUOTED.sub(_emphasis, text)
    return outside if re.search(r"\w", _QUOTED.sub("", text)) else text


def own_words(text: str) -> str:
    """What a plain text says for itself: no quotations, no brackets, dashes as commas."""
    return _DASH.sub(", ", unquoted(text).replace("(", "").replace(")", ""))


def _emphasis(match: re.Match[str]) -> str:
    words: str = match[1] if match[1] is not None else match[2]
    return " " if words.count(" ") > 1 or words.startswith("i ") else words
