"""Redaction: n-grams, quotes and local paths of texts that must not be shown."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

N_GRAM = 5  # words in a row that a trigger sentence must not share with a prompt


def strip_local_paths(value: Any) -> Any:
    """The value with every absolute path in it cut to its last part, and every address without
    user, password and query.
    """
    if isinstance(value, Mapping):
        return {key: strip_local_paths(item) for key, item in value.items()}
    if isinstance(value, list):
        return [strip_local_paths(item) for item in value]
    if isinstance(value, str) and value.startswith(("/", "~")):
        return Path(value).name
    if isinstance(value, str) and re.match(r"https?://", value):
        parts = urlsplit(value)
        return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
    return value


def words(text: str) -> list[str]:
    """The words of a text without case and punctuation."""
    return re.findall(r"\w+", text.casefold())


def ngrams(texts: Iterable[str]) -> set[tuple[str, ...]]:
    """All n-grams of five words; a shorter text is one n-gram."""
    found: set[tuple[str, ...]] = set()
    for text in texts:
        split = words(text)
        found |= {tuple(split[start : start + N_GRAM]) for start in range(max(1, len(split) - N_GRAM + 1))}
    return found - {()}


def quotes(sentence: str, prompt_ngrams: set[tuple[str, ...]]) -> bool:
    """Whether a sentence shares five words in a row with a prompt, or holds a whole shorter one."""
    found = words(sentence)
    return any(
        tuple(found[start : start + size]) in prompt_ngrams
        for size in range(1, N_GRAM + 1)
        for start in range(len(found) - size + 1)
    )


def masked(text: str) -> str:
    """What stands instead of a text: its length and the start of its SHA-256."""
    return f"[{len(text)} characters, {hashlib.sha256(text.encode()).hexdigest()[:8]}]"


def is_harmless(sentence: str, low: float, prompt_ngrams: set[tuple[str, ...]]) -> bool:
    """Whether a mined sentence may be shown.

    `low`, the low end of the share of safe reasonings after it, is above one half, and it quotes no
    prompt.
    """
    return low > 0.5 and not quotes(sentence, prompt_ngrams)


def mask_candidates(
    candidates: Sequence[Mapping[str, Any]], prompts: Iterable[Mapping[str, Any]], show_text: bool
) -> list[dict[str, Any]]:
    """Mined sentences (rows of triggers.json) as they may be shown.

    Those that are not known to be harmless are masked.

    Args:
        candidates: with `text` and `low`.
        prompts: every prompt of the run (schema prompts).
        show_text: the configuration's `report.show_text`: nothing is masked.
    """
    if show_text:
        return [dict(row) for row in candidates]
    prompt_ngrams = ngrams(text for row in prompts for text in (row["text"], row["request"]))
    return [
        {
            **row,
            "text": row["text"]
            if is_harmless(row["text"], row["low"], prompt_ngrams)
            else masked(row["text"]),
        }
        for row in candidates
    ]
