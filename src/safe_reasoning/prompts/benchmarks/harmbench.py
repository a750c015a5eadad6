"""HarmBench: harmful behaviours: the 200 standard ones and the 100 with a context.

Those about copyright have a judge of their own and are left out.

Not in the paper's tables.

Source: GitHub centerforaisafety/HarmBench (Mazeika et al. 2024, arXiv 2402.04249). Licence: MIT.
Example row (placeholder text): {"text": "Do [something harmful]", "category": "illegal", "gold":
""}.
"""

from __future__ import annotations

import json

from safe_reasoning.prompts.benchmark import Benchmark, Split
from safe_reasoning.prompts.cells import FILLED, TEXT
from safe_reasoning.prompts.readers import read_source

BENCHMARK = Benchmark(
    {
        "harmbench": Split("standard", 200, "harmbench"),
        "harmbench_contextual": Split("contextual", 100, "harmbench"),
    }
)


def prompts(split: str, mirror: str | None) -> list[dict[str, str]]:
    """The behaviours of a split, `standard` or `contextual`, in the file's order.

    Rows with text, category and gold.

    A contextual behaviour is asked about below its context, as HarmBench's own direct request does;
    both parts are in its gold, for judges that read them apart.
    """
    BENCHMARK.check(split)
    filled = dict.fromkeys(["Behavior", "FunctionalCategory", "SemanticCategory"], FILLED)
    rows = read_source("harmbench", mirror, {**filled, "ContextString": TEXT})
    return [_row(row, split) for row in rows if row["FunctionalCategory"] == split]


def _row(row: dict[str, str], split: str) -> dict[str, str]:
    behavior, context = row["Behavior"].strip(), row["ContextString"].strip()
    if split == "standard":
        return {"text": behavior, "category": row["SemanticCategory"], "gold": ""}
    gold = json.dumps({"behavior": behavior, "context": context})
    return {"text": f"{context}\n\n---\n\n{behavior}", "category": row["SemanticCategory"], "gold": gold}
