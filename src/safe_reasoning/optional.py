"""Figures and tables that a run has only when its configuration asks for them (`evaluate.audit`, `evaluate.more_judges`), and the metrics they are made from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # figures are drawn where pydantic is not installed
    from safe_reasoning.config import Config

# Name: the key of `evaluate` that asks for it, the metrics it reads.
OPTIONAL = {
    "fig_judge_audit": ("audit", ["judge_audit", "judge_calibration"]),
    "table_judge_audit": ("audit", ["judge_audit"]),
    "fig_judge_ranks": ("more_judges", ["judge_rates", "judge_ranks"]),
    "table_judges": ("more_judges", ["judge_rates"]),
    "table_judge_agreement": ("more_judges", ["judge_agreement"]),
}


FIGURES = tuple(name for name in OPTIONAL if name.startswith("fig"))


def wanted(config: Config) -> dict[str, list[str]]:
    """The optional figures and tables of a run, each with its metrics."""
    return {name: metrics for name, (key, metrics) in OPTIONAL.items() if getattr(config.evaluate, key)}


def at_hand(metrics: Path) -> list[str]:
    """Those whose metrics lie in the folder of a finished run."""
    return [name for name, (_, tables) in OPTIONAL.items() if all((metrics / f"{table}.csv").exists() for table in tables)]
