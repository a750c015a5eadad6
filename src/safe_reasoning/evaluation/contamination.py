"""Overlap of training prompts with test prompts.

The same words, a shared run of 13 words, or nearly the same words.

The paper trains on STAR-1, whose prompts partly come from sets that it tests on, and does not
report the overlap. Here it is a table, and a second set of numbers leaves the overlapping test
prompts out.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from datasketch import MinHash, MinHashLSH

KINDS = ("exact", "ngram13", "near_duplicate")
N_GRAM = 13  # words; the length that GPT-3's report looked for (arXiv 2005.14165, appendix C)
SHINGLE = 3  # words
JACCARD = 0.7
PERMUTATIONS = 128
# The search asks for less than the threshold, so that its estimate misses hardly any pair; what it
# finds is compared exactly.
SEARCH_JACCARD = 0.5


def words(text: str) -> list[str]:
    """The words of a text without case, accents' forms, punctuation and spacing."""
    return re.findall(r"\w+", unicodedata.normalize("NFKC", text).casefold())


def ngrams(text: str) -> set[tuple[str, ...]]:
    """All runs of 13 words; a shorter text has none, since the same words are found by `exact`."""
    found = words(text)
    return {tuple(found[start : start + N_GRAM]) for start in range(len(found) - N_GRAM + 1)}


def shingles(text: str) -> set[str]:
    """All runs of 3 words; a shorter text is one shingle."""
    found = words(text)
    return {" ".join(found[start : start + SHINGLE]) for start in range(max(1, len(found) - SHINGLE + 1))}


def jaccard(first: set[str], second: set[str]) -> float:
    """Shared share of two sets."""
    return len(first & second) / len(first | second)


def _sketch(items: set[str]) -> MinHash:
    sketch = MinHash(num_perm=PERMUTATIONS, seed=1)
    sketch.update_batch([item.encode() for item in items])
    return sketch


class TrainingPrompts:
    """An index of one training set's prompts."""

    def __init__(self, texts: Iterable[str]) -> None:
        texts = list(texts)
        self._exact = {tuple(words(text)) for text in texts}
        self._ngrams = set().union(*(ngrams(text) for text in texts))
        self._shingles = [shingles(text) for text in texts]
        self._search = MinHashLSH(threshold=SEARCH_JACCARD, num_perm=PERMUTATIONS)
        for number, items in enumerate(self._shingles):
            self._search.insert(number, _sketch(items))

    def overlap(self, text: str) -> list[str]:
        """The kinds of overlap that a test prompt has with some training prompt."""
        kinds = []
        if tuple(words(text)) in self._exact:
            kinds.append("exact")
        if not self._ngrams.isdisjoint(ngrams(text)):
            kinds.append("ngram13")
        items = shingles(text)
        if any(
            jaccard(items, self._shingles[number]) >= JACCARD for number in self._search.query(_sketch(items))
        ):
            kinds.append("near_duplicate")
        return kinds


def contamination(
    training: Mapping[str, Sequence[str]], test: Sequence[Mapping[str, Any]]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Overlap of each training set with each test set.

    Args:
        training: texts of prompts by training set.
        test: rows of schema prompts; the plain request is compared, whatever an attack made of it.

    Returns:
        One row per training and test set with the number of test prompts that overlap, by kind and
        in all; and one row per overlapping prompt (ids only, no text).
    """
    table, prompts = [], []
    for name, texts in training.items():
        index = TrainingPrompts(texts)
        by_set: dict[str, list[list[str]]] = {}
        for row in test:
            kinds = index.overlap(row["request"])
            by_set.setdefault(row["prompt_set"], []).append(kinds)
            if kinds:
                prompts.append(
                    {
                        "prompt_id": row["prompt_id"],
                        "prompt_set": row["prompt_set"],
                        "training_set": name,
                        "kinds": " ".join(kinds),
                    }
                )
        for prompt_set, found in by_set.items():
            counts = {kind: sum(kind in kinds for kinds in found) for kind in KINDS}
            table.append(
                {
                    "training_set": name,
                    "training_prompts": len(texts),
                    "prompt_set": prompt_set,
                    "prompts": len(found),
                    **counts,
                    "any": sum(map(bool, found)),
                }
            )
    return table, prompts
