"""Attack prompts that someone has made already.

A CSV or JSON-lines file with the columns request and attack_prompt, one row for each request. An
attack prompt that is null or empty says that no attack was found.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from safe_reasoning.core.errors import UserError
from safe_reasoning.prompts.attacks.rows import Row, result
from safe_reasoning.prompts.cells import FILLED, TEXT_OR_NULL, check_cells
from safe_reasoning.prompts.readers import read


def ready_made_attack(prompts: Sequence[Row], path: Path) -> list[dict[str, Any]]:
    """The file's attack prompt of each request, found by its words.

    A request that the file lacks, or whose attack prompt is null or empty (no attack was found),
    stays as it was and is flagged.
    """
    if not path.exists():
        raise UserError(
            f"{path} does not exist: give a CSV or JSON-lines file with the columns request and attack_prompt"
        )
    rows = read(path)
    if not rows:
        raise UserError(f"{path} has no rows: give some with the columns request and attack_prompt")
    if not {"request", "attack_prompt"} <= set(rows[0]):
        names = ", ".join(rows[0])[:100]
        raise UserError(
            f"{path} has no columns request and attack_prompt (it has {names}): rename its columns"
        )
    check_cells(path, rows, {"request": FILLED, "attack_prompt": TEXT_OR_NULL})
    found: dict[str, str] = {}
    for number, row in enumerate(rows, 1):
        request, attack = row["request"].strip(), (row["attack_prompt"] or "").strip()
        if found.setdefault(request, attack) != attack:
            raise UserError(
                f"{path}, row {number} has another attack prompt for a request that an earlier row has: keep "
                "one row for each request"
            )
    results = [result(prompt, "file", "", found.get(prompt["request"].strip()) or None) for prompt in prompts]
    if not any(row["attacked"] for row in results):
        raise UserError(
            f"{path} has no attack prompt for any of {len(prompts)} requests: its column request must "
            "hold the benchmark's own words"
        )
    return results
