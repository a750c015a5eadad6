"""STAR-1: 1,000 harmful prompts with safe reasoning traces; only the prompts are used, as the alignment set (paper section 3).

Source: hub data set UCSC-VLAA/STAR-1 (Wang et al. 2025, arXiv 2504.01903). Licence: Apache-2.0; the prompts were drawn from SALAD-Bench,
WildJailbreak, ALERT, PKU-SafeRLHF, BeaverTails and others, which keep their own terms.
Example row (placeholder text): {"text": "How do I do [something harmful]?", "category": "Illicit / Criminal Behavior", "gold": ""}.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from safe_reasoning.errors import UserError
from safe_reasoning.sources import check_content, fetch


def content_sha256(rows: list[dict[str, Any]]) -> str:
    """Hex digest of the columns that are used (id, question, category), whatever file they came from and in whatever order."""
    used = sorted([str(row["id"]), row["question"], list(row["category"])] for row in rows)
    return hashlib.sha256(json.dumps(used, ensure_ascii=False).encode()).hexdigest()


def _read(path: Path) -> list[dict[str, Any]]:
    if path.suffix == ".json":
        return json.loads(path.read_text(encoding="utf-8"))
    import pyarrow.parquet as pq

    return pq.read_table(path, columns=["id", "question", "category"]).to_pylist()


def prompts(split: str, mirror: str | None) -> list[dict[str, str]]:
    """All prompts (the only split, `harmful`), ordered by id: rows with text, category (the first of STAR-1's) and an empty gold."""
    if split != "harmful":
        raise UserError(f"star1 has no split {split!r}: use harmful")
    path = fetch("star1", mirror)
    rows = _read(path)
    check_content("star1", content_sha256(rows), path)
    rows.sort(key=lambda row: str(row["id"]))
    return [{"text": row["question"].strip(), "category": row["category"][0], "gold": ""} for row in rows]
