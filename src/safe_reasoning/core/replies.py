"""Replies of chat models to a question with a fixed form of answer."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from safe_reasoning.core.trace import without_thoughts

_BLOCK = re.compile(r"```(?:json)?[ \t]*\n(.*?)\n?```", re.DOTALL)
_BOOLEAN = re.compile(r"(:\s*)(true|false)(?=\s*[,}])", re.IGNORECASE)  # also as Python writes it


def single_number(reply: str | None) -> int | None:
    """The number that a reply consists of.

    None for anything else, be it a sentence that holds a number. Thoughts before it are left out.
    """
    text = without_thoughts(reply or "").strip().removesuffix(".")
    return int(text) if text.isdecimal() and text.isascii() and len(text) <= 6 else None


def number_list(reply: str | None) -> list[int] | None:
    """The list of whole numbers in square brackets that a reply consists of; it may be empty.

    None for anything else. Thoughts before it are left out.
    """
    text = without_thoughts(reply or "").strip().removesuffix(".")
    if not re.fullmatch(r"\[\s*(?:\d{1,6}(?:\s*,\s*\d{1,6})*)?\s*\]", text, re.ASCII):
        return None
    return [int(number) for number in re.findall(r"\d+", text)]


def json_object(reply: str) -> dict[str, Any] | None:
    """The JSON object that a reply consists of, bare or in one block of code.

    Line breaks in its strings and booleans in any case will do. None for anything else: words
    around it, two objects, a key given twice.
    """
    text = reply.strip()
    block = _BLOCK.fullmatch(text)
    text = _BOOLEAN.sub(lambda found: found[1] + found[2].lower(), block[1] if block else text)
    try:
        found = json.loads(text, object_pairs_hook=_each_key_once, strict=False)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _each_key_once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) < len(pairs):
        raise ValueError("a key twice")
    return dict(pairs)


def boolean(value: Any) -> bool | None:
    """A boolean, or one as text in any case; None for anything else."""
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.strip().lower())
    return value if isinstance(value, bool) else None
