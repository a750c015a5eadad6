"""What is measured, from a folder of metrics; a dash for what the run has not."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from safe_reasoning.report.claims.scorecard import score
from safe_reasoning.report.metrics import reached, read
from safe_reasoning.report.tables.common import percent
from safe_reasoning.stats.rates import wilson_interval
from tools.artifact_costs import MISSING


def found(metrics: Path, table: str, **where: object) -> pd.DataFrame:
    """Rows of a table; none where the run has no such table."""
    file = metrics / f"{table}.csv"
    frame = pd.read_csv(file) if file.exists() else pd.DataFrame(columns=list(where))
    for column, value in where.items():
        frame = frame[frame[column] == value]
    return frame


def of(
    method: str,
    part: str = "reasoning",
    *,
    prompt_set: str = "safety_average",
    role: str = "",
    measure: str = "harmful",
    model: str = "",
) -> Callable[[Path], str]:
    """A rate of the evaluation with its interval; where the set's name differs between runs, by
    its role: of the set with the name, else of the first one; of a model that only the paper run
    has.
    """

    def measured(metrics: Path) -> str:
        where = {"method": method, "part": part, "measure": measure, **({"model": model} if model else {})}
        rows = found(metrics, "rates", **where, **({"role": role} if role else {}))
        named = rows[rows["prompt_set"] == prompt_set]
        if len(named) or not role:
            rows = named
        return percent(*rows.iloc[0][["rate", "low", "high", "sd"]]) if len(rows) else MISSING

    return measured


def matched(method: str, part: str) -> Callable[[Path], str]:
    """Average harm where the method keeps the asked share of the base's help, and where that is."""

    def measured(metrics: Path) -> str:
        where = {"method": method, "prompt_set": "safety_average", "part": part, "measure": "harmful"}
        rows = found(metrics, "matched", **where)
        if rows.empty:
            return MISSING
        row = rows.iloc[0]
        cell = percent(*row[["rate", "low", "high", "sd"]])
        return f"{cell} after {100 * row['at']:.0f} % of its steps"

    return measured


def share(reasoning: str, response: str) -> Callable[[Path], str]:
    return lambda metrics: percent(
        *found(metrics, "outcome_shares", prompt_set="all", reasoning=reasoning, response=response).iloc[0][
            ["share", "low", "high"]
        ]
    )


def rollouts_safe(most: int) -> Callable[[Path], str]:
    """Prompts with at most so many safe rollouts."""

    def measured(metrics: Path) -> str:
        frame = found(metrics, "rollout_diversity")
        few, prompts = (
            int(frame.loc[frame["safe_rollouts"] <= most, "prompts"].sum()),
            int(frame["prompts"].sum()),
        )
        return percent(few / prompts, *wilson_interval(few, prompts))

    return measured


def turning_points(metrics: Path) -> str:
    row = found(metrics, "turning_point_share", kind="safe").iloc[0]
    return f"{percent(row['share'], row['low'], row['high'])}, n = {row['traces']}"


def correlation(metrics: Path) -> str:
    row = read(metrics, "cue_correlation").iloc[0]
    n = f"n = {int(row['n'])}"
    if pd.isna(row["r"]):
        return f"too few to decide, {n}"
    return f"{row['r']:.2f} [{row['low']:.2f}, {row['high']:.2f}], {n}"


def after_interventions(condition: str, rounds: int) -> Callable[[Path], str]:
    """Mean harm over the labels of a condition, bounds averaged too."""

    def measured(metrics: Path) -> str:
        rows = found(metrics, "interventions", condition=condition, rounds=rounds)
        return percent(*rows[["harmful", "low", "high"]].mean()) if len(rows) else MISSING

    return measured


def kl_peak(method: str) -> Callable[[Path], str]:
    def measured(metrics: Path) -> str:
        rows = reached(found(metrics, "kl", method=method))
        if rows.empty:
            return MISSING
        peak = rows.loc[rows["kl"].idxmax()]
        return f"{peak['kl']:.2f} [{peak['low']:.2f}, {peak['high']:.2f}] at {peak['position']:.0f}"

    return measured


def pairs(metrics: Path) -> str:
    """Intervened pairs, by the detector that stands first."""
    return str(found(metrics, "pairs", source="intervened")["pairs"].iloc[0])


def spent(method: str, column: str) -> Callable[[Path], str]:
    def measured(metrics: Path) -> str:
        rows = found(metrics, "efficiency", method=method)
        return f"{rows[column].iloc[0]:.1f}" if len(rows) else MISSING

    return measured


def fall(metrics: Path) -> str:
    """Fall of the mean harm against the best baseline, as the scorecard has it."""
    rows = score(metrics).set_index("id").loc["over_thirty", "ours"]
    value = re.search(r"([-\d.]+) % (\[.*?\])", rows)
    return f"{value[1]} {value[2]}" if value else MISSING
