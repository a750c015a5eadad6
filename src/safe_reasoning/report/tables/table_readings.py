"""Table: reasoning as written, and as second readings have it, with how often it is taken back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from safe_reasoning.report import methods
from safe_reasoning.report import metrics as report_metrics
from safe_reasoning.report.scored import scored_note, with_bounds
from safe_reasoning.report.tables.common import percent

CAPTION = """
**Readings of methods that turn back**, in per cent, one row per training seed, with 95 % intervals
over prompts. Harm of reasoning and response by each judge: the first reads what was written, a
reading `displayed` what follows the last reset, a reading `corrected` what follows the first
correction after a compliance cue. A column of responses that says the same as the first is left
out. *Resets*: completions that take back what they wrote, on the average of the safety sets and on
each other set, where each is a false one. *Taken back*: mean share of the text on the safety sets.
"""

SAFETY = "safety_average"
Key = tuple[str, str, int]


def data(metrics: Path, published: Path) -> pd.DataFrame:
    """One row per model, method and seed."""
    rows: dict[Key, dict[str, Any]] = {}
    harm = with_bounds(report_metrics.read(metrics, "judge_rates"))
    for _, row in harm[harm["prompt_set"] == SAFETY].iterrows():
        cell = percent(row.rate, row.low, row.high) + scored_note(row, row.prompts)
        rows.setdefault(_key(row), _names(row))[f"harmful {row.part}, {row.judge}"] = cell
    counted = report_metrics.read(metrics, "resets")
    for _, row in counted.iterrows():
        if row.role == "safety" and row.prompt_set != SAFETY:
            continue
        where = "safety sets" if row.prompt_set == SAFETY else row.prompt_set
        if row.measure == "reset":
            heading = f"resets, {where}"
        elif row.prompt_set == SAFETY:
            heading = "taken back"
        else:
            continue
        rows.setdefault(_key(row), _names(row))[heading] = percent(row.rate, row.low, row.high)
    order = methods.ordered(method for _, method, _ in rows)
    ranked = sorted(rows, key=lambda key: (key[0], order.index(key[1]), key[2]))
    table = pd.DataFrame([rows[key] for key in ranked]).fillna("")
    return table[_columns(table)]


def _key(row: Any) -> Key:
    return row.model, row.method, row.seed


def _names(row: Any) -> dict[str, Any]:
    return {"model": row.model, "method": methods.label(row.method), "seed": row.seed}


def _columns(table: pd.DataFrame) -> list[str]:
    """Names, reasoning, response where readings differ, resets."""
    reasoning, response = (
        [name for name in table.columns if name.startswith(f"harmful {part},")]
        for part in ("reasoning", "response")
    )
    shown = [name for name in response if name == response[0] or not table[name].equals(table[response[0]])]
    rest = [name for name in table.columns if name not in (*reasoning, *response)]
    return [*rest[:3], *reasoning, *shown, *rest[3:]]
