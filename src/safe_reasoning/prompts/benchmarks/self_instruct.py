"""Self-Instruct's seed tasks: everyday instructions that people wrote; none is a twin of a test
prompt.

Source: GitHub yizhongw/self-instruct (Wang et al. 2022, arXiv 2212.10560), file of a pinned commit.
Licence: Apache-2.0. Example row: {"text": "Converting 85 F to Celsius.", "category": "benign",
"gold": ""}.
"""

from __future__ import annotations

from safe_reasoning.prompts.benchmark import Benchmark, Split
from safe_reasoning.prompts.cells import FILLED, Kind
from safe_reasoning.prompts.readers import read_source

LONGEST = 1000  # characters; a few tasks carry a long text to work on
INSTANCES = Kind(
    "a list that begins with an object with a text `input`",
    lambda cell: (
        isinstance(cell, list)
        and bool(cell)
        and isinstance(cell[0], dict)
        and isinstance(cell[0].get("input"), str)
    ),
)
BENCHMARK = Benchmark({"self_instruct": Split("seed", 170, "self_instruct")})


def prompts(split: str, mirror: str | None) -> list[dict[str, str]]:
    """The seed tasks of at most 1,000 characters, in the file's order.

    Rows with text (the instruction, then its first input where it has one), category and an empty
    gold.
    """
    BENCHMARK.check(split)
    rows = read_source("self_instruct", mirror, {"instruction": FILLED, "instances": INSTANCES})
    texts = [
        f"{row['instruction'].strip()}\n\n{row['instances'][0]['input'].strip()}".strip() for row in rows
    ]
    return [{"text": text, "category": "benign", "gold": ""} for text in texts if len(text) <= LONGEST]
