"""Metric tables of a run, read with checks."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from safe_reasoning.core.errors import UserError

MEAN = "mean"  # instead of a seed: the mean over several
STORED = "reference"  # folder of results/ with the stored evidence of runs


def require_metrics(run: Path) -> None:
    """A folder without metrics is a UserError that names what makes them or where they are."""
    if any((run / "metrics").glob("*.csv")):
        return
    stored = run.parent / STORED / run.name
    if run.parent.name == STORED:
        names = ", ".join(sorted(path.name for path in run.parent.glob("*/")))
        raise UserError(f"{run} holds no metrics: the stored runs are {names or 'none'}")
    if (stored / "metrics").is_dir():
        raise UserError(
            f"{run} holds no metrics: run `make {run.name}`, or use RUN={STORED}/{run.name} for the "
            "stored ones"
        )
    raise UserError(f"{run} holds no metrics: run the workflow first, with `run: {run.name}`")


def read(metrics: Path, table: str) -> pd.DataFrame:
    """A metrics table; a missing or empty one is a UserError."""
    path = metrics / f"{table}.csv"
    if not path.exists():
        raise UserError(
            f"{path} does not exist: run the workflow, or give the folder of a finished run's metrics"
        )
    try:
        frame = pd.read_csv(path)
    except pd.errors.EmptyDataError:
        frame = pd.DataFrame()
    if frame.empty:
        raise UserError(f"{path} holds no rows: the run measured nothing for this figure or table")
    return frame


def read_rates(metrics: Path) -> pd.DataFrame:
    """Rates by method and seed with their intervals.

    With several seeds, their mean (`seed` is MEAN) with the interval of the mean stands first, and
    a seed's own interval is left out.
    """
    frame = read(metrics, "rates_by_seed")
    if frame["seed"].nunique() == 1:
        return frame
    mean = read(metrics, "rates")[[column for column in frame.columns if column != "seed"]]
    of_seeds = frame.assign(seed=frame["seed"].astype(str), low=float("nan"), high=float("nan"))
    return pd.concat([mean.assign(seed=MEAN), of_seeds], ignore_index=True)[frame.columns]


def read_published(published: Path, name: str) -> pd.DataFrame:
    """Published values (`table2` or `other`), each row with its mark."""
    path = published / f"{name}.csv"
    if not path.exists():
        raise UserError(f"{path} does not exist: give the folder results/published")
    return pd.read_csv(path)


HALF = 0.5  # positions reached by fewer than this share of the traces are not drawn


def reached(frame: pd.DataFrame) -> pd.DataFrame:
    """Positions that at least half of the traces reach: further on, few long traces are left."""
    return frame[
        frame["traces"] >= HALF * frame.groupby(["model", "method", "seed"])["traces"].transform("max")
    ]


def capability_rows(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows of a table of rates that are about capability: the average where there are several
    sets.
    """
    rows = frame[frame["role"] == "capability"]
    average = rows[rows["prompt_set"] == "capability_average"]
    return average if len(average) else rows
