"""Claims over several bases: one effect in place of each base's own, where the run has replicates.

Bases that differ in their seed alone are draws of one model, and a claim is about their mean. So
the effects of a comparison on the single bases give way to one over bases, whose interval has the
bases as outer cluster (tables `over_bases` and `over_bases_differences`). What it is on each base
stays with it: the scorecard counts on how many a claim holds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pandas as pd

from safe_reasoning.evaluation.over_bases import END, MATCHED
from safe_reasoning.report.claims.comparisons import Cell, cells, either_way
from safe_reasoning.report.claims.estimates import Bases, Effect, Estimate, effect, read
from safe_reasoning.report.claims.verdicts import weakest
from safe_reasoning.report.methods import label


def difference_over_bases(
    metrics: Path, found: Mapping[str, Effect], upper: str, lower: str, cell: Cell, about: str = ""
) -> dict[str, Effect]:
    """Effects by model, those of the bases joined to one.

    All as they are where the run has no such difference over bases, or a base has no effect.

    Args:
        metrics: folder of a run's metrics.
        found: rate of `upper` minus that of `lower`, by model.
        upper: method.
        lower: method.
        cell: what is compared.
        about: words before the methods in the effect's line.
    """
    frame = cells(read(metrics, "over_bases_differences"), cell)
    for read_at in (MATCHED, END) if len(frame) else ():
        row = either_way(frame[frame["read_at"] == read_at], upper, lower)
        if row is None or not _all_there(found, row["models"], read_at):
            continue
        value = Estimate(float(row["difference"]), float(row["low"]), float(row["high"]), int(row["bases"]))
        name = f"{row['model']}, {about}{label(upper)} − {label(lower)}"
        return _joined(found, effect(name, value, n=str(int(row["prompts"])), trained=False), row)
    return dict(found)


def harm_over_bases(
    metrics: Path, found: Mapping[str, Effect], work: Callable[[str, pd.DataFrame], Effect | None]
) -> dict[str, Effect]:
    """As `difference_over_bases`, of effects made from average harm at matched compliance.

    Args:
        metrics: folder of a run's metrics.
        found: effects by model.
        work: makes the effect of a model's name and its rates, as it made those of each base.
    """
    frame = read(metrics, "over_bases")
    if len(frame):
        frame = frame[(frame["read_at"] == MATCHED) & (frame["prompt_set"] == "safety_average")]
    if frame.empty or not _all_there(found, frame["models"].iloc[0], MATCHED):
        return dict(found)
    row = frame.iloc[0]
    one = work(str(row["model"]), frame.assign(seeds=frame["bases"]))  # what the intervals' t counts
    return dict(found) if one is None else _joined(found, one, row)


def _all_there(found: Mapping[str, Effect], models: str, read_at: str) -> bool:
    """Whether every base has an effect that is known and read there."""
    of_bases = [found.get(name) for name in models.split()]
    return all(
        one is not None and one.matched == (read_at == MATCHED) and not math.isnan(one.estimate.value)
        for one in of_bases
    )


def _joined(found: Mapping[str, Effect], one: Effect, row: pd.Series) -> dict[str, Effect]:
    names = row["models"].split()
    of_bases = [found[name] for name in names]
    at_most = weakest([base.at_most for base in of_bases])
    held = "" if at_most == "reproduced" else ", held back by what a base loses in compliance"
    whole = replace(
        one,
        text=one.text + held,
        trained=True,
        unscored=max(base.unscored for base in of_bases),
        at_most=at_most,
        matched=of_bases[0].matched,
        bases=Bases({name: found[name].estimate.value for name in names}, int(row["seeds"])),
    )
    return {str(row["model"]): whole, **{name: one for name, one in found.items() if name not in names}}
