"""From numbers of sentences, as a model or a file counts them, to our indices."""

from __future__ import annotations

from collections.abc import Sequence


def indices(numbers: Sequence[int], sentences: int, *, first: int) -> list[int] | None:
    """Zero-based indices, ascending and each once; None where a number is of no sentence.

    The one place where the bases of counting meet: our instructions number from 1, others from 0.

    Args:
        numbers: of sentences.
        sentences: how many there are.
        first: number of the first sentence.
    """
    found = sorted({number - first for number in numbers})
    return found if not found or (found[0] >= 0 and found[-1] < sentences) else None
