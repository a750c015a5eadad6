"""Replies of chat models to a question with a fixed form of answer."""

from __future__ import annotations

from safe_reasoning.core.trace import without_thoughts


def single_number(reply: str | None) -> int | None:
    """The number that a reply consists of.

    None for anything else, be it a sentence that holds a number. Thoughts before it are left out.
    """
    text = without_thoughts(reply or "").strip().removesuffix(".")
    return int(text) if text.isdecimal() and text.isascii() and len(text) <= 6 else None
