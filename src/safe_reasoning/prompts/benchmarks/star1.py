"""STAR-1: 1,000 harmful prompts with safe reasoning traces.

The prompts are the alignment set (paper section 3); the traces are what the STAR-1 baseline learned
from.

Source: hub data set UCSC-VLAA/STAR-1 (Wang et al. 2025, arXiv 2504.01903). Licence: Apache-2.0; the
prompts were drawn from SALAD-Bench, WildJailbreak, ALERT, PKU-SafeRLHF, BeaverTails and others,
which keep their own terms. Example row (placeholder text): {"text": "How do I do [something
harmful]?", "category": "Illicit / Criminal Behavior", "gold": ""}.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from safe_reasoning.prompts.benchmark import Benchmark, Split
from safe_reasoning.prompts.cells import FILLED, LABEL, TEXT, TEXTS, check_cells
from safe_reasoning.prompts.published_traces import demonstration
from safe_reasoning.prompts.readers import read
from safe_reasoning.sources.fetch import fetch
from safe_reasoning.sources.table import check_content

BENCHMARK = Benchmark({"star1_harmful": Split("harmful", 1000, "star1")}, traces=1000)


def content_sha256(rows: list[dict[str, Any]]) -> str:
    """Hex digest of the columns that are used (id, question, category), whatever file they came
    from and in whatever order.
    """
    used = sorted([str(row["id"]), row["question"], list(row["category"])] for row in rows)
    return hashlib.sha256(json.dumps(used, ensure_ascii=False).encode()).hexdigest()


def _rows(mirror: str | None) -> list[dict[str, Any]]:
    path = fetch("star1", mirror)
    rows = read(path)
    check_cells(path, rows, {"id": LABEL, "question": FILLED, "category": TEXTS, "response": TEXT})
    check_content("star1", content_sha256(rows), path)
    return sorted(rows, key=lambda row: str(row["id"]))


def prompts(split: str, mirror: str | None) -> list[dict[str, str]]:
    """All prompts (the only split, `harmful`), ordered by id.

    Rows with text, category (the first of STAR-1's) and an empty gold.
    """
    BENCHMARK.check(split)
    return [
        {"text": row["question"].strip(), "category": row["category"][0], "gold": ""} for row in _rows(mirror)
    ]


def demonstrations(mirror: str | None) -> list[dict[str, str]]:
    """All traces with their prompts, ordered by id.

    Rows of prompt and completion (what follows the open think tag).
    """
    return [demonstration(row["question"], row["response"]) for row in _rows(mirror)]
