"""Paper Fig. 5b: the first compliance cue's token against the unsafe turning point."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from safe_reasoning.figures import style


def data(metrics: Path, published: Path) -> pd.DataFrame:
    """Harmful traces that have both, with the correlation of the analyses' detector in every row."""
    points = style.read(metrics, "turning_points").query("outcome == 'harmful'").dropna(subset=["first_cue_token", "unsafe_turning_point"])
    correlation = style.read(metrics, "cue_correlation").groupby("model", sort=False).head(1)
    keep = ["model", "trace", "first_cue_token", "unsafe_turning_point"]
    return points[keep].merge(correlation[["model", "detector", "n", "r", "low", "high"]], on="model")


def draw(frame: pd.DataFrame) -> Figure:
    """Points and the diagonal; r with its interval."""
    style.begin()
    figure, axes = style.panels(frame, style.COLUMN, 2.6)
    for model, axis in axes:
        cell = frame[frame["model"] == model]
        top = 1.1 * float(np.nanmax(cell[["first_cue_token", "unsafe_turning_point"]].to_numpy())) if len(cell) else 1.0
        axis.plot([0, top], [0, top], color=style.GREY, linewidth=0.7, linestyle="--")
        axis.plot(cell["first_cue_token"], cell["unsafe_turning_point"], "o", color=style.REASONING, markersize=4, alpha=0.7)
        axis.set_xlabel("first compliance cue, token")
        axis.set_ylabel("unsafe turning point, token")
        if len(cell):
            row = cell.iloc[0]
            text = f"r = {row['r']:.2f} [{row['low']:.2f}, {row['high']:.2f}]\nn = {int(row['n'])}; paper (DS-8B): 0.853"
            axis.text(0.03, 0.97, text, transform=axis.transAxes, va="top", fontsize=8)
    return figure
