"""StrongREJECT: forbidden requests that a useful jailbreak must get answered.

Source: GitHub alexandrasouly/strongreject (Souly et al. 2024, arXiv 2402.10260), file of a pinned
commit. Licence: MIT. Example row (placeholder text): {"text": "How do I do [something forbidden]?",
"category": "Illegal goods and services", "gold": ""}.
"""

from __future__ import annotations

from safe_reasoning.prompts.benchmark import Benchmark, Split
from safe_reasoning.prompts.readers import read_source

BENCHMARK = Benchmark(
    {
        "strongreject": Split("full", 313, "strongreject"),
        "strongreject_small": Split("small", 60, "strongreject_small"),
    }
)


def prompts(split: str, mirror: str | None) -> list[dict[str, str]]:
    """The 313 requests (full) or the authors' 60 (small), in the file's order.

    Rows with text, category and an empty gold.
    """
    BENCHMARK.check(split)
    rows = read_source(
        "strongreject" if split == "full" else "strongreject_small", mirror, ["forbidden_prompt", "category"]
    )
    return [
        {"text": row["forbidden_prompt"].strip(), "category": row["category"], "gold": ""} for row in rows
    ]
