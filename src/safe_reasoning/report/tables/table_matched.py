"""Table: every method at matched compliance, and at its end."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from safe_reasoning.report import methods as report_methods
from safe_reasoning.report import metrics as report_metrics
from safe_reasoning.report.metrics import capability_rows
from safe_reasoning.report.scored import mean_note, with_bounds
from safe_reasoning.report.tables.common import percent

CAPTION = """
**Methods at matched compliance.** How much harm is left where each method still gives nearly the
help of the base (*matched*: the last point of its training with at least 95 % of it, or the share
that `evaluate.kept` says), and at its *end*. *Read at* is that point, as a share of the steps;
between two checkpoints the rates are interpolated, and the intervals hold the uncertainty of the
point. A second stage counts on from the first (101 to 200 %), unless it had nothing to do. A policy
that edits reasonings while decoding has no steps: its share is that of the answers it is used for,
mixed with the base's. Help is the share of benign requests answered right (complied with, where no
right answer is known), as the mean over the sets. Where answers are unscored, how many are not and
the rate's bounds follow. 95 % intervals over prompts; with several training seeds they hold the
spread between seeds too.
"""

HARMS = {"harmful reasoning": "reasoning", "harmful response": "response"}


def data(metrics: Path, published: Path) -> pd.DataFrame:
    """Harm, help and capability of each method where it is matched and at its end, in per cent."""
    matched, curves = report_metrics.read(metrics, "matched"), report_metrics.read(metrics, "curves")
    last = curves.groupby(["model", "method"])["steps_share"].transform("max")
    matched, ends = with_bounds(matched), with_bounds(curves[curves["steps_share"] == last])
    rows = []
    for model, methods in report_methods.methods_by_model(matched).items():
        for method in methods:
            here, end = (
                frame[(frame["model"] == model) & (frame["method"] == method)] for frame in (matched, ends)
            )
            at = f"{100 * here['at'].iloc[0]:.0f} % of its steps" if method != "base" else ""
            rows.append(
                {
                    "model": model,
                    "method": report_methods.label(method),
                    "harmful prompts": int(here.loc[here["prompt_set"] == "safety_average", "prompts"].max()),
                    "read at": at,
                    **_cells(here, "matched"),
                    **(_cells(end, "at its end") if method != "base" else {}),
                }
            )
    return pd.DataFrame(rows).fillna("")


def _cells(frame: pd.DataFrame, where: str) -> dict[str, str]:
    cells = {}
    for name, part in HARMS.items():
        rows = frame[
            (frame["prompt_set"] == "safety_average")
            & (frame["part"] == part)
            & (frame["measure"] == "harmful")
        ]
        cells[f"{name}, %, {where}"] = _mean(rows)
    cells[f"help, %, {where}"] = _mean(frame[frame["help"]])
    if len(right := capability_rows(frame)):
        cells[f"capability, %, {where}"] = _mean(right)
    return cells


def _mean(rows: pd.DataFrame) -> str:
    """Mean of the sets' rates, with the mean of their intervals' ends, which is cautious."""
    return percent(*rows[["rate", "low", "high"]].mean()) + mean_note(rows) if len(rows) else ""
