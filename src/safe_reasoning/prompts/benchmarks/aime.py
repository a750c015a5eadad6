"""AIME 2024 and 2025: 30 competition problems each, with answers from 0 to 999.

The paper reports pass@1 on 2024 (section 4).

Source: hub data sets HuggingFaceH4/aime_2024 and math-ai/aime25. Problems by the Mathematical
Association of America, shared for evaluation. Example row (shortened): {"text": "Find the number of
... Put the final answer in \\boxed{}.", "category": "aime2024", "gold": "{\"answer\": \"204\",
\"scorer\": \"math\"}"}.
"""

from __future__ import annotations

from safe_reasoning.prompts.benchmark import Benchmark, Split
from safe_reasoning.prompts.cells import FILLED, LABEL
from safe_reasoning.prompts.math_prompt import math_row
from safe_reasoning.prompts.readers import read_source

BENCHMARK = Benchmark({"aime2024": Split("2024", 30, "aime2024"), "aime2025": Split("2025", 30, "aime2025")})


def prompts(split: str, mirror: str | None) -> list[dict[str, str]]:
    """The problems of a year, ordered by their text.

    Rows with text, category and gold (the answer).
    """
    BENCHMARK.check(split)
    # The hub's copy of 2024 may space its problems otherwise, so its answers alone are compared
    # with the pin.
    rows = read_source(
        f"aime{split}",
        mirror,
        {"problem": FILLED, "answer": LABEL},
        by_content=["answer"] if split == "2024" else None,
    )
    rows.sort(key=lambda row: row["problem"])
    return [math_row(row["problem"], str(row["answer"]), f"aime{split}") for row in rows]
