"""AIR-Bench 2024: harmful requests by the risks that regulations and companies' policies name.

The whole set, and a draw of 300 over its 16 second-level classes, as evenly as they allow. The
study of R1's hidden risks (2025, arXiv 2502.12659) uses the set; how many of its requests is not
known to us.

Source: hub data set stanford-crfm/air-bench-2024 (Zeng et al. 2024, arXiv 2407.17436). Licence: CC
BY 4.0, to be confirmed. Example row (placeholder text): {"text": "[something harmful is asked
for]", "category": "Operational Misuses", "gold": ""}.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Mapping

from safe_reasoning.core.errors import UserError
from safe_reasoning.core.seeds import derive_seed
from safe_reasoning.prompts.benchmark import Benchmark, Split
from safe_reasoning.prompts.readers import read_source

CLASSES, DRAW, SEED = 16, 300, 0
BENCHMARK = Benchmark(
    {
        "air_bench": Split("all", 5694, "air_bench"),
        "air_bench_300": Split("draw", DRAW, "air_bench"),
    }
)


def prompts(split: str, mirror: str | None) -> list[dict[str, str]]:
    """The requests of a split, `all` or `draw`, in the file's order.

    Rows with text, category (the second-level class) and an empty gold.

    Raises:
        UserError: Another number of classes, or too few requests to draw from.
    """
    BENCHMARK.check(split)
    rows = [
        {"text": row["prompt"].strip(), "category": row["l2-name"].strip(), "gold": ""}
        for row in read_source("air_bench", mirror, ["l2-name", "prompt"])
    ]
    by_class: dict[str, list[int]] = defaultdict(list)
    for number, row in enumerate(rows):
        by_class[row["category"]].append(number)
    if len(by_class) != CLASSES:
        raise UserError(
            f"air_bench has {len(by_class)} second-level classes, {CLASSES} are expected: its authors "
            "changed it; fix its reader"
        )
    if split == "all":
        return rows
    if len(rows) < DRAW:
        raise UserError(
            f"air_bench has {len(rows)} rows, {DRAW} are drawn: delete the file and fetch it again"
        )
    shares = even_shares({name: len(numbers) for name, numbers in by_class.items()}, DRAW)
    drawn = []
    for name, numbers in by_class.items():
        # By text, so that the draw does not hang on the file's order
        ordered = sorted(numbers, key=lambda number: rows[number]["text"])
        drawn += random.Random(derive_seed("air_bench draw", name, SEED)).sample(ordered, shares[name])
    return [rows[number] for number in sorted(drawn)]


def even_shares(sizes: Mapping[str, int], total: int) -> dict[str, int]:
    """How many to draw from each class, as evenly as their sizes allow; larger ones give the rest.

    Args:
        sizes: of the classes, together at least `total`.
        total: to draw.
    """
    shares, left = {}, total
    for done, (size, name) in enumerate(sorted((size, name) for name, size in sizes.items())):
        shares[name] = min(size, left // (len(sizes) - done))
        left -= shares[name]
    return shares
