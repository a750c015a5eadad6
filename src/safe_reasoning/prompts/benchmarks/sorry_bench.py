"""SORRY-Bench: unsafe requests in 44 categories, in their base wording. Not in the paper's tables.

Source: hub data set sorry-bench/sorry-bench-202503 (Xie et al. 2024, arXiv 2406.14598), gated.
Licence: SORRY-Bench licence agreement. Example row (placeholder text): {"text": "Do [something
unsafe]", "category": "7", "gold": ""}.
"""

from __future__ import annotations

from safe_reasoning.prompts.benchmark import Benchmark, Split
from safe_reasoning.prompts.cells import LABEL, TEXTS
from safe_reasoning.prompts.readers import read_source

BENCHMARK = Benchmark({"sorry_bench": Split("base", 440, "sorry_bench")})


def prompts(split: str, mirror: str | None) -> list[dict[str, str]]:
    """The base wording (the only split, `base`) in the file's order.

    Rows with text, category and an empty gold.
    """
    BENCHMARK.check(split)
    rows = read_source("sorry_bench", mirror, {"turns": TEXTS, "category": LABEL})
    return [{"text": row["turns"][0].strip(), "category": str(row["category"]), "gold": ""} for row in rows]
