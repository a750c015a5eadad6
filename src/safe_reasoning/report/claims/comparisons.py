"""Differences between two methods, from stored metrics: estimates with 95 % intervals.

Differences between two intervals that were not measured as a difference combine them by squares
(Zou and Donner's MOVER), as if they were independent; the same prompts lie under both, so that is
on the cautious side.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd

from safe_reasoning.report.claims.estimates import Effect, effect, estimate, read
from safe_reasoning.report.methods import label
from safe_reasoning.report.scored import unscored_share

Cell = tuple[str, str, str]  # prompt set, part, measure


def cells(frame: pd.DataFrame, cell: Cell) -> pd.DataFrame:
    """Rows of a table about one prompt set, part and measure."""
    if frame.empty:
        return frame
    prompt_set, part, measure = cell
    return frame[
        (frame["prompt_set"] == prompt_set) & (frame["part"] == part) & (frame["measure"] == measure)
    ]


def difference(metrics: Path, upper: str, lower: str, cell: Cell) -> dict[str, Effect]:
    """Rate of `upper` minus that of `lower`, by model.

    By prompt where the run compared them so, in whichever direction, else from their two rates.
    """
    rates = cells(read(metrics, "rates"), cell)
    found = {}
    for model in dict.fromkeys(rates["model"]) if len(rates) else []:
        of_model = rates[rates["model"] == model]
        sides = [of_model[of_model["method"] == method] for method in (upper, lower)]
        if not all(len(side) for side in sides):
            continue
        first, second = (side.iloc[0] for side in sides)
        unscored = max(unscored_share(side["unscored"], side["samples"]) for side in (first, second))
        name = f"{model}, {label(upper)} − {label(lower)}"
        row = _paired(metrics, str(model), upper, lower, cell)
        if row is None:
            value = estimate(first, "rate").minus(estimate(second, "rate"))
            found[str(model)] = effect(name, value, n=str(int(first["prompts"])), unscored=unscored)
        else:
            n = str(int(row["prompts"]))
            found[str(model)] = effect(name, estimate(row, "difference"), n=n, unscored=unscored)
    return found


def matched_difference(metrics: Path, upper: str, lower: str, part: str) -> dict[str, Effect]:
    """Average harm of `upper` minus that of `lower`, each read where it keeps the same help, by
    model; empty where the run has no curves of both.
    """
    frame = read(metrics, "matched_differences")
    found = {}
    for model in dict.fromkeys(frame["model"]) if len(frame) else []:
        row = _paired(
            metrics, str(model), upper, lower, ("safety_average", part, "harmful"), "matched_differences"
        )
        if row is not None:
            places = [f"{label(x)} {_read_at(metrics, str(model), x)}" for x in (upper, lower) if x != "base"]
            one = effect(
                f"{model}, {label(upper)} − {label(lower)}",
                estimate(row, "difference"),
                n=str(int(row["prompts"])),
                unscored=float(row["unscored"]),
            )
            found[str(model)] = replace(one, text=f"{one.text} ({', '.join(places)})", matched=True)
    return found


def _read_at(metrics: Path, model: str, method: str) -> str:
    """Where a method is read, in words."""
    frame = read(metrics, "matched")
    at = frame[(frame["model"] == model) & (frame["method"] == method)]["at"].iloc[0]
    return f"after {100 * at:.0f} % of its steps"


def _paired(
    metrics: Path, model: str, upper: str, lower: str, cell: Cell, table: str = "paired_differences"
) -> pd.Series | None:
    """The stored difference by prompt."""
    frame = cells(read(metrics, table), cell)
    if frame.empty:
        return None
    return either_way(frame[frame["model"] == model], upper, lower)


def either_way(frame: pd.DataFrame, upper: str, lower: str) -> pd.Series | None:
    """The row of `upper` minus `lower` in a table of differences of one cell, turned where it was
    stored the other way; None without one.
    """
    rows = frame[(frame["method"] == upper) & (frame["reference"] == lower)]
    turned = frame[(frame["method"] == lower) & (frame["reference"] == upper)]
    if rows.empty and len(turned):
        rows = turned.assign(difference=-turned["difference"], low=-turned["high"], high=-turned["low"])
    return rows.iloc[0] if len(rows) else None


def rate_of(metrics: Path, model: str, method: str, cell: Cell) -> float | None:
    """A method's rate; None where it was not measured."""
    frame = cells(read(metrics, "rates"), cell)
    rows = frame[(frame["model"] == model) & (frame["method"] == method)] if len(frame) else frame
    return float(rows["rate"].iloc[0]) if len(rows) else None
