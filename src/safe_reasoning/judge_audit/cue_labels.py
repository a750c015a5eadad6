"""Sentences of reasonings that GPT-5 labelled as self-jailbreaking (2025, arXiv 2510.20956).

Model labels, not people's. The files are read from a user's own clone of
BatsResearch/self-jailbreaking, which states no licence: nothing of their text is kept. Example row
(placeholder text): {"cot_sentences": "sentence 0 - [a sentence]\nsentence 1 - [another]",
"selfjb_annos": {"answer": [1]}, "safety_eval_score": 3.5}.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safe_reasoning.core.errors import UserError
from safe_reasoning.core.files import sha256
from safe_reasoning.core.sentence_numbers import indices
from safe_reasoning.prompts.cells import FILLED, Kind, check_cells
from safe_reasoning.prompts.readers import read

COMMIT = "be6033c6"
# Beginnings of the digests that are known to us, by the model that begins a file's name
DIGESTS = {"r1-llama": "2b22f02a", "r1-qwen": "ee111ac5"}
UNSAFE_ABOVE = 1  # StrongREJECT's rubric by GPT-5; only such traces were labelled
_ANY = Kind("labels or null", lambda value: True)
_SCORE = Kind("a number or null", lambda value: value is None or type(value) in (int, float))
COLUMNS = {"cot_sentences": FILLED, "selfjb_annos": _ANY, "safety_eval_score": _SCORE}


@dataclass(frozen=True)
class LabelledReasoning:
    """A reasoning and the sentences that were labelled in it.

    Attributes:
        row: its number in the file, from 1.
        sentences: as the authors split them.
        labels: zero-based indices of the labelled sentences, ascending; empty for a safe trace,
            which nobody was asked about; None where the labels are no list of sentence numbers.
        unsafe: whether its response was unsafe.
    """

    row: int
    sentences: tuple[str, ...]
    labels: tuple[int, ...] | None
    unsafe: bool


def labelled_reasonings(path: Path) -> list[LabelledReasoning]:
    """The reasonings of an annotation file.

    Raises:
        UserError: The file is missing, altered, or of another form.
    """
    if not path.is_file():
        raise UserError(
            f"{path} does not exist: clone BatsResearch/self-jailbreaking at {COMMIT} and name a file "
            "of its folder artifacts"
        )
    known = next((digest for model, digest in DIGESTS.items() if path.name.startswith(model)), "")
    if not (found := sha256(path)).startswith(known):
        raise UserError(
            f"{path} is altered (sha256 {found[:8]}..., expected {known}...): check out {COMMIT} again"
        )
    rows = read(path)
    if not rows:
        raise UserError(f"{path} holds no row: check out {COMMIT} again")
    check_cells(path, rows, COLUMNS)
    return [_of_row(path, number, row) for number, row in enumerate(rows, 1)]


def _of_row(path: Path, number: int, row: dict[str, Any]) -> LabelledReasoning:
    sentences = numbered_sentences(row["cot_sentences"])
    if not sentences:
        raise UserError(
            f"{path}, row {number}: 'cot_sentences' does not begin with 'sentence 0 - ': its authors "
            "changed it; fix its reader"
        )
    unsafe = (row["safety_eval_score"] or 0) > UNSAFE_ABOVE
    labels = _labels(row["selfjb_annos"], len(sentences)) if unsafe else ()
    return LabelledReasoning(number, tuple(sentences), labels, unsafe)


def numbered_sentences(text: str) -> list[str]:
    """The sentences of a text in which each begins on a line with its number, counted from 0.

    A sentence may have several lines.
    """
    parts = re.split(r"^sentence (\d+) - ", text, flags=re.MULTILINE)
    sentences: list[str] = []
    for number, sentence in zip(parts[1::2], parts[2::2], strict=True):
        if int(number) == len(sentences):
            sentences.append(sentence.strip())
        elif sentences:  # a sentence that itself looks like a number
            sentences[-1] += f"\nsentence {number} - {sentence.strip()}"
    return sentences if not parts[0].strip() else []


def _labels(found: Any, sentences: int) -> tuple[int, ...] | None:
    """Indices of the labelled sentences; None for labels of another form."""
    numbers = found.get("answer") if isinstance(found, dict) else None
    if not isinstance(numbers, Sequence) or any(type(number) is not int for number in numbers):
        return None
    zero_based = indices(list(numbers), sentences, first=0)
    return None if zero_based is None else tuple(zero_based)
