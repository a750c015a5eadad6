"""WildJailbreak, evaluation split.

Adversarial harmful requests, the 250 that the paper's baselines take.

Source: hub data set allenai/wildjailbreak, config `eval` (Jiang et al. 2024, arXiv 2406.18510),
gated. Licence: ODC-BY. Example row (placeholder text): {"text": "[a made-up story that asks for
something harmful]", "category": "adversarial_harmful", "gold": ""}.
"""

from __future__ import annotations

from safe_reasoning.core.errors import UserError
from safe_reasoning.prompts.benchmark import Benchmark, Split
from safe_reasoning.prompts.readers import read_source

BENCHMARK = Benchmark({"wildjailbreak": Split("eval", 250, "wildjailbreak")})

DRAW, SEED = 250, 42


def prompts(split: str, mirror: str | None) -> list[dict[str, str]]:
    """The only split, `eval`.

    Adversarial harmful rows, `datasets` shuffle(seed=42), the first 250, as the baselines draw
    them.
    """
    BENCHMARK.check(split)
    from datasets import Dataset

    rows = [
        row
        for row in read_source("wildjailbreak", mirror, ["adversarial", "data_type"])
        if row["data_type"] == "adversarial_harmful"
    ]
    if len(rows) < DRAW:
        raise UserError(
            f"wildjailbreak has {len(rows)} adversarial harmful rows, {DRAW} are drawn: delete the file "
            "and fetch it again"
        )
    drawn = (
        Dataset.from_list([{"text": row["adversarial"]} for row in rows])
        .shuffle(seed=SEED)
        .select(range(DRAW))
    )
    return [{"text": text.strip(), "category": "adversarial_harmful", "gold": ""} for text in drawn["text"]]
