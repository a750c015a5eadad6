"""A text cut into chunks that tile it: joined they give the text back."""

from __future__ import annotations

import re

from safe_reasoning.core.sentences import split_sentences

_PARAGRAPH_END = re.compile(r"\n[^\S\n]*\n\s*")


def sentences(text: str) -> list[str]:
    """Each sentence with the white space after it; a text without words is one chunk."""
    cut = [text[one.start : one.end] for one in split_sentences(text)]
    return cut or ([text] if text else [])


def paragraphs(text: str) -> list[str]:
    """What blank lines separate, each with those after it."""
    chunks, start = [], 0
    for match in _PARAGRAPH_END.finditer(text):
        if text[start : match.start()].strip():
            chunks.append(text[start : match.end()])
            start = match.end()
    if text[start:].strip() or not chunks:
        return [*chunks, text[start:]] if text else []
    chunks[-1] += text[start:]
    return chunks


def windows(text: str, size: int) -> list[str]:
    """So many sentences at a time; the last chunk may have fewer.

    Args:
        text: any.
        size: sentences of a chunk, at least 1.
    """
    cut = sentences(text)
    return ["".join(cut[first : first + size]) for first in range(0, len(cut), size)]
