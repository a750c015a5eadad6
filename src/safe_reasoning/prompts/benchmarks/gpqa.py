"""GPQA-Diamond: 198 hard multiple-choice questions by experts.

The paper reports pass@1 (section 4).

Source: hub data set Idavidrein/gpqa, file gpqa_diamond.csv (Rein et al. 2023, arXiv 2311.12022),
gated; its text must not be shown in the open. Licence: CC BY 4.0. Example row (placeholder text):
{"text": "[question]\n\nA) ...\nB) ...\nC) ...\nD) ...\n\n...", "category": "Physics", "gold":
"{\"answer\": \"C\", \"scorer\": \"choice\"}"}.
"""

from __future__ import annotations

import json
import random

from safe_reasoning.core.seeds import derive_seed
from safe_reasoning.prompts.benchmark import Benchmark, Split
from safe_reasoning.prompts.readers import read_source

BENCHMARK = Benchmark({"gpqa_diamond": Split("diamond", 198, "gpqa_diamond")})

CHOICES = ["Correct Answer", "Incorrect Answer 1", "Incorrect Answer 2", "Incorrect Answer 3"]
LETTERS = "ABCD"
INSTRUCTION = (
    "Think it through and choose one. End with a line of the form ANSWER: X, where X is the letter of "
    "your choice."
)


def prompts(split: str, mirror: str | None) -> list[dict[str, str]]:
    """All questions (the only split, `diamond`) in the file's order, the choices permuted by a seed
    made from the question: rows with text, category, gold.
    """
    BENCHMARK.check(split)
    return [row_of(row) for row in read_source("gpqa_diamond", mirror, ["Question", *CHOICES])]


def row_of(row: dict[str, str]) -> dict[str, str]:
    """A prompt row of one question.

    The order of the choices is the same in every run and has nothing to do with the file's.
    """
    order = CHOICES.copy()
    random.Random(derive_seed("gpqa choices", row["Question"])).shuffle(order)
    choices = "\n".join(
        f"{letter}) {row[column].strip()}" for letter, column in zip(LETTERS, order, strict=True)
    )
    gold = {"scorer": "choice", "answer": LETTERS[order.index("Correct Answer")]}
    text = f"{row['Question'].strip()}\n\n{choices}\n\n{INSTRUCTION}"
    return {
        "text": text,
        "category": row.get("High-level domain") or "gpqa_diamond",
        "gold": json.dumps(gold, sort_keys=True),
    }
