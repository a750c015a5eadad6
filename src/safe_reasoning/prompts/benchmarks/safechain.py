"""SafeChain: 40,000 safe reasoning traces for supervised fine-tuning.

One of the paper's baselines learned from them.

Source: hub data set UWNSL/SafeChain (Jiang et al. 2025, arXiv 2502.12025), gated. Its code is GPL-3
and is not used here. Licence of the data: Apache-2.0. Example row (placeholder text): {"prompt":
"How do I do [something]?", "completion": "The user asks ...\n</think>\nI'm sorry ..."}.
"""

from __future__ import annotations

from safe_reasoning.prompts.benchmark import Benchmark
from safe_reasoning.prompts.cells import FILLED, TEXT
from safe_reasoning.prompts.published_traces import demonstration
from safe_reasoning.prompts.readers import read_source

BENCHMARK = Benchmark(traces=40000)


def demonstrations(mirror: str | None) -> list[dict[str, str]]:
    """All traces: rows of prompt and completion.

    The answers lack the opening think tag, which belongs to the prompt here anyway.
    """
    return [
        demonstration(row["instruction"], row["response"])
        for row in read_source("safechain", mirror, {"instruction": FILLED, "response": TEXT})
    ]
