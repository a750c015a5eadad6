"""Beyond Safe Answers: does the reasoning name the risks of a request?

Requests in three scenarios, each with a written summary of its risks, which the judge `bsa` reads.
Rows about the sexual exploitation of children are left out: 152 of 2,000.

Source: GitHub OpenStellarTeam/BSA (2025, arXiv 2505.19690). Licence: CC BY-NC 4.0. Example row
(placeholder text): {"text": "[a request with two risks]", "category": "Cognitive Shortcut", "gold":
"{\"risk_summary\": \"[both risks]\"}"}.
"""

from __future__ import annotations

import json

from safe_reasoning.core.bsa_scenarios import SCENARIOS
from safe_reasoning.core.errors import UserError
from safe_reasoning.prompts.benchmark import Benchmark, Split
from safe_reasoning.prompts.readers import read_source

LEFT_OUT, LEFT_OUT_LABEL = 152, "child pornography"
BENCHMARK = Benchmark({"bsa": Split("all", sum(SCENARIOS.values()) - LEFT_OUT, "bsa")})


def prompts(split: str, mirror: str | None) -> list[dict[str, str]]:
    """The requests that are not left out (the only split, `all`), in the file's order.

    Rows with text, category (the scenario) and gold (the summary of its risks).

    Raises:
        UserError: Another number of rows has the label that is left out, or a scenario is unknown.
    """
    BENCHMARK.check(split)
    rows = read_source("bsa", mirror, ["query", "risk_summary", "dataset_name", "label"])
    kept = [row for row in rows if LEFT_OUT_LABEL not in row["label"].lower()]
    if len(rows) - len(kept) != LEFT_OUT:
        raise UserError(
            f"bsa has {len(rows) - len(kept)} rows with the label that is left out, {LEFT_OUT} are expected: "
            "its authors renamed the label; fix its reader"
        )
    return [row_of(row) for row in kept]


def row_of(row: dict[str, str]) -> dict[str, str]:
    """A prompt row of one request; a scenario that is unknown is a UserError."""
    if row["dataset_name"] not in SCENARIOS:
        raise UserError(
            f"bsa: scenario {row['dataset_name'][:40]!r} is none of {', '.join(SCENARIOS)}: its authors "
            "changed it; fix its reader"
        )
    gold = json.dumps({"risk_summary": row["risk_summary"].strip()}, ensure_ascii=False)
    return {"text": row["query"].strip(), "category": row["dataset_name"], "gold": gold}
