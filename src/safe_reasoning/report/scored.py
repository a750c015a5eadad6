"""How many answers a rate rests on, and what it could be if the missing ones were known.

A judge or scorer leaves an answer unscored rather than guess. A rate over the rest flatters a
method whose answers are missing for a reason, such as a reasoning that never ends. So a rate has
two bounds: the missing answers may all be of the one kind or all of the other. They follow from
columns that every table of rates has.
"""

from __future__ import annotations

import pandas as pd

# No verdict on a comparison with a larger share of unscored answers on either side
MOST_UNSCORED = 0.05
_CELL = ("model", "judge", "method", "seed", "role", "part", "measure")


def unscored_share(unscored: float, scored: float) -> float:
    """Share of answers without a score; 0 where nothing was asked."""
    return unscored / (scored + unscored) if scored + unscored else 0.0


def with_bounds(frame: pd.DataFrame) -> pd.DataFrame:
    """Rates with columns `asked` (answers, scored or not), `lower_bound` (unscored all counted as
    no) and `upper_bound` (all as yes).

    An average's bounds are the means of those of its sets.
    """
    asked = frame["samples"] + frame["unscored"]
    yes = frame["rate"].fillna(0.0) * frame["samples"]
    wide = frame.assign(
        asked=asked,
        lower_bound=(yes / asked).where(asked > 0),
        upper_bound=((yes + frame["unscored"]) / asked).where(asked > 0),
    )
    averages = wide["prompt_set"] == wide["role"] + "_average"
    parts = wide[~averages & (wide["part_of"].fillna("") == "")]
    keys = [name for name in _CELL if name in frame]
    means = parts.groupby(keys)[["lower_bound", "upper_bound"]].mean().reset_index()
    of_averages = wide.loc[averages, keys].merge(means, on=keys, how="left")
    for name in ("lower_bound", "upper_bound"):
        wide.loc[averages, name] = of_averages[name].to_numpy()
    return wide


def scored_note(row: pd.Series, prompts: int) -> str:
    """` (18 of 462 scored: 0.0 to 96.1)`; empty where every answer was scored.

    Args:
        row: a row of `with_bounds`.
        prompts: of the table's column; the row's own stand in the note where they differ.
    """
    if not row["unscored"] and row["prompts"] == prompts:
        return ""
    own = f"n = {row['prompts']}; " if row["prompts"] != prompts else ""
    message = f"{own}{row['samples']} of {row['asked']} scored"
    bounds = f": {100 * row['lower_bound']:.1f} to {100 * row['upper_bound']:.1f}" if row["unscored"] else ""
    return f" ({message}{bounds})"


def mean_note(rows: pd.DataFrame) -> str:
    """The same of the mean over some rows of `with_bounds`; empty where every answer was scored."""
    if not rows["unscored"].sum():
        return ""
    low, high = 100 * rows["lower_bound"].mean(), 100 * rows["upper_bound"].mean()
    return f" ({rows['samples'].sum():.0f} of {rows['asked'].sum():.0f} scored: {low:.1f} to {high:.1f})"
