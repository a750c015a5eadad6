"""Table: methods and comparisons at matched compliance, over several bases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from safe_reasoning.evaluation.over_bases import MATCHED
from safe_reasoning.report import methods as report_methods
from safe_reasoning.report import metrics as report_metrics
from safe_reasoning.report.scored import mean_note, with_bounds
from safe_reasoning.report.tables.common import percent

CAPTION = """
**Methods over several bases, at matched compliance.** Bases differ in their seed alone: the draw of
their corpus, their first weights and the order of their batches. The unit is a base, as the mean
over its trainings. Intervals are 95 %, with bases as the outer cluster, and hold the choice of
prompts too. *SD* is the standard deviation in points: between bases, and between the trainings of
one base (pooled). Below the methods, differences on the same base: the harm of the first minus that
of the second, which the claims say is less, and on how many bases it is. Help is the share of
benign requests answered right where a method is read (complied with, where no right answer is
known), as the mean over the sets. Where answers are unscored, how many are not and the rate's
bounds follow.
"""

HARMS = {"harmful reasoning": "reasoning", "harmful response": "response"}
NAME, SPREAD, HOLDS = "method or comparison", "SD between bases / trainings", "holds on"
CLAIMED = ("ipo", "ipo_stage2")  # methods that are said to do less harm than the base


def data(metrics: Path, published: Path) -> pd.DataFrame:
    """One row per method in per cent, then one per claimed comparison in points."""
    rates, differences = (_read(metrics, name) for name in ("over_bases", "over_bases_differences"))
    rates = with_bounds(rates)
    methods = report_methods.ordered(rates["method"])
    rows = [_method(rates[rates["method"] == method], method) for method in methods]
    return pd.DataFrame([*rows, *_comparisons(differences)]).fillna("")


def _read(metrics: Path, table: str) -> pd.DataFrame:
    frame = report_metrics.read(metrics, table)
    return frame[frame["read_at"] == MATCHED]


def _counts(row: pd.Series) -> dict[str, int]:
    return {"bases": int(row["bases"]), "trainings of each": int(row["seeds"])}


def _spread(row: pd.Series) -> str:
    """`3.1 / 0.8`; a dash where a spread is not known."""
    return " / ".join("-" if pd.isna(sd) else f"{100 * sd:.1f}" for sd in (row["sd_bases"], row["sd_seeds"]))


def _harm(rows: pd.DataFrame, part: str) -> pd.Series:
    average = (rows["prompt_set"] == "safety_average") & (rows["measure"] == "harmful")
    return rows[average & (rows["part"] == part)].iloc[0]


def _method(rows: pd.DataFrame, method: str) -> dict[str, object]:
    cells: dict[str, object] = {NAME: report_methods.label(method), **_counts(rows.iloc[0])}
    for heading, part in HARMS.items():
        row = _harm(rows, part)
        cells[f"{heading}, %"] = percent(row["rate"], row["low"], row["high"]) + mean_note(row.to_frame().T)
        cells[f"{heading}, {SPREAD}"] = _spread(row)
    helping = rows[rows["help"]]
    # The intervals' ends too, which is cautious
    cells["help, %"] = percent(*helping[["rate", "low", "high"]].mean()) + mean_note(helping)
    return cells


def _comparisons(differences: pd.DataFrame) -> Iterator[dict[str, object]]:
    """What a claim is about: IPO against the base, and every method against its own rival."""
    for (method, reference), rows in differences.groupby(["method", "reference"], sort=False):
        if reference != "base":
            yield _comparison(rows, str(method), str(reference))
        elif method in CLAIMED:
            turned = {"difference": -rows["difference"], "low": -rows["high"], "high": -rows["low"]}
            yield _comparison(rows.assign(**turned, above=rows["below"]), "base", str(method))


def _comparison(rows: pd.DataFrame, first: str, second: str) -> dict[str, object]:
    """A row of differences whose second method a claim says does less harm."""
    name = f"{report_methods.label(first)} − {report_methods.label(second)}"
    cells: dict[str, object] = {NAME: name, **_counts(rows.iloc[0])}
    held = []
    for heading, part in HARMS.items():
        row = _harm(rows, part)
        value, low, high = (100 * row[column] for column in ("difference", "low", "high"))
        cells[f"{heading}, %"] = f"{value:.1f} [{low:.1f}, {high:.1f}]"
        cells[f"{heading}, {SPREAD}"] = _spread(row)
        held.append(f"{part} {int(row['above'])} of {int(row['bases'])}")
    return {**cells, HOLDS: ", ".join(held)}
