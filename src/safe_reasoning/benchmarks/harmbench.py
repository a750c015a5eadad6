"""HarmBench: harmful behaviours; the 200 standard ones, which need no context and are no matter of copyright. Not in the paper's tables.

Source: GitHub centerforaisafety/HarmBench (Mazeika et al. 2024, arXiv 2402.04249). Licence: MIT.
Example row (placeholder text): {"text": "Do [something harmful]", "category": "illegal", "gold": ""}.
"""

from __future__ import annotations

from safe_reasoning.benchmarks.reading import read_source, require_split


def prompts(split: str, mirror: str | None) -> list[dict[str, str]]:
    """The standard behaviours (the only split, `standard`) in the file's order: rows with text, category and an empty gold."""
    require_split("harmbench", split, ("standard",))
    rows = read_source("harmbench", mirror, ["Behavior", "FunctionalCategory", "SemanticCategory"])
    standard = [row for row in rows if row["FunctionalCategory"] == "standard"]
    return [{"text": row["Behavior"].strip(), "category": row["SemanticCategory"], "gold": ""} for row in standard]
