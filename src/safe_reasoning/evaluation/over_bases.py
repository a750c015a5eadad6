"""Metrics over several bases of one world: means with the spread between bases.

Made from the tables of all models joined, one row per base, method and cell, which hold each base's
mean over its training seeds, the deviation between them, and the interval over prompts.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from safe_reasoning.core.records import Rows
from safe_reasoning.stats.base_spread import OfBase, mean_over_bases

CELL = ("prompt_set", "part", "measure")
MATCHED, END = "matched", "end"  # where methods are read: at matched compliance, after their last step
DIGITS = 9  # of a difference; further ones are rounding
# The joined tables behind each: of rates, of differences
TABLES = {MATCHED: ("matched", "matched_differences"), END: ("rates", "paired_differences")}


def over_bases_tables(tables: Mapping[str, Rows], bases: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """Tables `over_bases` (rates by method and cell) and `over_bases_differences` (of two methods,
    paired within each base).

    A cell that fewer than two bases have has no row: nothing is known of its spread. `model` names
    all bases together (`5 bases`), `models` those behind the row. `same_sign` counts the bases
    whose difference has the sign of the mean, `above` and `below` those on either side of zero.

    Args:
        tables: those of `TABLES` that the run has, by name, of all models joined.
        bases: models that are replicates of one another; others have no part in it.
    """
    rates: list[dict[str, Any]] = []
    differences: list[dict[str, Any]] = []
    marked = {_key(row, CELL) for rows in tables.values() for row in rows if row.get("help", False)}
    for read_at, (of_rates, of_differences) in TABLES.items():
        for key, rows in _by_cell(tables.get(of_rates, ()), ("method", *CELL), "rate", bases).items():
            place = {"at": _mean(rows, "at"), "help": key[1:] in marked}
            counts = {name: int(sum(row[name] for row in rows)) for name in ("samples", "unscored")}
            names = {name: rows[0][name] for name in ("role", "part_of")}
            found = _row(rows, ("method", *CELL), "rate", 0.0, read_at, bases)
            rates.append({**found, **names, **place, **counts})
        pair = ("method", "reference", *CELL)
        for rows in _by_cell(tables.get(of_differences, ()), pair, "difference", bases).values():
            found = _row(rows, pair, "difference", -1.0, read_at, bases)
            signs = [_sign(row["difference"]) for row in rows]
            found |= {"above": signs.count(1), "below": signs.count(-1)}
            found["same_sign"] = signs.count(_sign(found["difference"]))
            found["unscored"] = max((row["unscored"] for row in rows if "unscored" in row), default=math.nan)
            differences.append(found)
    return {"over_bases": rates, "over_bases_differences": differences}


def _sign(difference: float) -> int:
    """-1, 0 or 1; a difference of rounding alone is none."""
    return int(np.sign(round(difference, DIGITS)))


def _key(row: Mapping[str, Any], names: Sequence[str]) -> tuple[Hashable, ...]:
    return tuple(row[name] for name in names)


def _by_cell(
    rows: Rows, names: Sequence[str], value: str, bases: Sequence[str]
) -> dict[tuple[Hashable, ...], list[Mapping[str, Any]]]:
    """Rows of the bases by what they are about; only known values, only cells of several bases."""
    cells: dict[tuple[Hashable, ...], list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        if row["model"] in bases and not math.isnan(row[value]):
            cells[_key(row, names)].append(row)
    return {key: of_cell for key, of_cell in cells.items() if len(of_cell) > 1}


def _row(
    rows: Rows, names: Sequence[str], value: str, least: float, read_at: str, bases: Sequence[str]
) -> dict[str, Any]:
    """What both tables have: names, mean, interval within [least, 1], spreads and counts."""
    found = asdict(
        mean_over_bases(
            [
                OfBase(row[value], row["prompt_low"], row["prompt_high"], row["sd"], int(row["seeds"]))
                for row in rows
            ]
        )
    )
    return {
        "model": f"{len(bases)} bases",
        **{name: rows[0][name] for name in names},
        "read_at": read_at,
        value: found.pop("value"),
        "low": max(least, found.pop("low")),
        "high": min(1.0, found.pop("high")),
        **found,
        "prompts": int(max(row["prompts"] for row in rows)),
        "models": " ".join(row["model"] for row in rows),
    }


def _mean(rows: Rows, name: str) -> float:
    return float(np.mean([row[name] for row in rows])) if name in rows[0] else math.nan
