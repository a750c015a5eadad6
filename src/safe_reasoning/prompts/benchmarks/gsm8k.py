"""GSM8K: 1,319 grade-school word problems (test split).

Not in the paper's tables; small models can be measured on it.

Source: hub data set openai/gsm8k, config `main` (Cobbe et al. 2021, arXiv 2110.14168). Licence:
MIT. Example row (shortened): {"text": "Janet's ducks lay 16 eggs ... Put the final answer in
\\boxed{}.", "category": "gsm8k", "gold": "{\"answer\": \"18\", \"scorer\": \"math\"}"}.
"""

from __future__ import annotations

from safe_reasoning.prompts.benchmark import Benchmark, Split
from safe_reasoning.prompts.math_prompt import math_row
from safe_reasoning.prompts.readers import read_source

BENCHMARK = Benchmark({"gsm8k": Split("test", 1319, "gsm8k")})


def final_answer(solution: str) -> str:
    """The number after `####` at the end of a reference solution, without thousands separators."""
    return solution.rsplit("####", maxsplit=1)[-1].strip().replace(",", "")


def prompts(split: str, mirror: str | None) -> list[dict[str, str]]:
    """All problems (the only split, `test`), ordered by their text.

    Rows with text, category and gold (the answer).
    """
    BENCHMARK.check(split)
    rows = read_source("gsm8k", mirror, ["question", "answer"], by_content=["question", "answer"])
    rows.sort(key=lambda row: row["question"])
    return [math_row(row["question"], final_answer(row["answer"]), "gsm8k") for row in rows]
