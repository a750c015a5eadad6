"""MATH-500: 500 problems of the MATH test set, by subject and level.

The paper reports pass@1 (section 4).

Source: hub data set HuggingFaceH4/MATH-500 (Lightman et al. 2023, arXiv 2305.20050; MATH: arXiv
2103.03874). Licence: MIT. Example row (shortened): {"text": "Convert the point ... Put the final
answer in \\boxed{}.", "category": "Precalculus", "gold": "{\"answer\": \"...\", \"scorer\":
\"math\"}"}.
"""

from __future__ import annotations

from safe_reasoning.prompts.benchmark import Benchmark, Split
from safe_reasoning.prompts.math_prompt import math_row
from safe_reasoning.prompts.readers import read_source

BENCHMARK = Benchmark({"math500": Split("test", 500, "math500")})


def prompts(split: str, mirror: str | None) -> list[dict[str, str]]:
    """All problems (the only split, `test`) in the file's order.

    Rows with text, category (the subject) and gold (the answer as LaTeX).
    """
    BENCHMARK.check(split)
    return [
        math_row(row["problem"], row["answer"], row["subject"])
        for row in read_source("math500", mirror, ["problem", "answer", "subject"])
    ]
