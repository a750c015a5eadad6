"""MATH-500: 500 problems of the MATH test set, by subject and level. The paper reports pass@1 (section 4).

Source: hub data set HuggingFaceH4/MATH-500 (Lightman et al. 2023, arXiv 2305.20050; MATH: arXiv 2103.03874). Licence: MIT.
Example row (shortened): {"text": "Convert the point ... Put the final answer in \\boxed{}.", "category": "Precalculus", "gold": "{\"answer\": \"...\", \"scorer\": \"math\"}"}.
"""

from __future__ import annotations

from safe_reasoning.prompts.benchmarks.math_prompt import math_row
from safe_reasoning.prompts.benchmarks.readers import read_source, require_split


def prompts(split: str, mirror: str | None) -> list[dict[str, str]]:
    """All problems (the only split, `test`) in the file's order: rows with text, category (the subject) and gold (the answer as LaTeX)."""
    require_split("math500", split, ("test",))
    return [
        math_row(row["problem"], row["answer"], row["subject"]) for row in read_source("math500", mirror, ["problem", "answer", "subject"])
    ]
