"""UnsafeChain: hard prompts with corrected completions, for supervised fine-tuning.

Named next to the paper, not one of its baselines.

Source: hub data set raj-tomar001/UnSafeChain, config `full` (arXiv 2507.21652). Licence: not stated
to our knowledge. Example row (placeholder text): {"prompt": "How do I do [something]?",
"completion": "The user asks ...\n</think>\nI'm sorry ..."}.
"""

from __future__ import annotations

from safe_reasoning.prompts.benchmark import Benchmark
from safe_reasoning.prompts.cells import FILLED, TEXT
from safe_reasoning.prompts.published_traces import demonstration
from safe_reasoning.prompts.readers import read_source

BENCHMARK = Benchmark(traces=13604)


def demonstrations(mirror: str | None) -> list[dict[str, str]]:
    """All completions: rows of prompt and completion."""
    return [
        demonstration(row["prompt"], row["response"])
        for row in read_source("unsafechain", mirror, {"prompt": FILLED, "response": TEXT})
    ]
