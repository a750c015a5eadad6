"""HumanEval: 164 Python functions to complete, each with tests.

The paper reports pass@1 (section 4).

Source: hub data set openai/openai_humaneval (Chen et al. 2021, arXiv 2107.03374). Licence: MIT.
What a model writes runs in a sandbox only (judging/scorers/sandbox.py). Example row (shortened):
{"text": "Complete ...", "category": "humaneval", "gold": "{\"entry_point\": \"add\", \"prompt\":
\"def add(...\", \"scorer\": \"code\", \"test\": \"...\"}"}.
"""

from __future__ import annotations

import json

from safe_reasoning.prompts.benchmark import Benchmark, Split
from safe_reasoning.prompts.readers import read_source

BENCHMARK = Benchmark({"humaneval": Split("test", 164, "humaneval")}, programs=True)

COLUMNS = ["task_id", "prompt", "entry_point", "test"]
INSTRUCTION = (
    "Complete this Python function. Give the whole function, with what it imports, in one Python code block."
)


def prompts(split: str, mirror: str | None) -> list[dict[str, str]]:
    """All tasks (the only split, `test`) by number.

    Rows with text, category and gold (what is needed to run the tests).
    """
    BENCHMARK.check(split)
    rows = read_source("humaneval", mirror, COLUMNS, by_content=COLUMNS)
    rows.sort(key=lambda row: int(row["task_id"].rsplit("/", maxsplit=1)[-1]))
    return [
        {
            "text": f"{INSTRUCTION}\n\n```python\n{row['prompt'].rstrip()}\n```",
            "category": "humaneval",
            "gold": json.dumps({"scorer": "code", **{key: row[key] for key in COLUMNS[1:]}}, sort_keys=True),
        }
        for row in rows
    ]
