"""Paper Fig. 4: how many of n rollouts of a harmful prompt reason safely."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from safe_reasoning.figures import style


def data(metrics: Path, published: Path) -> pd.DataFrame:
    """The histogram."""
    return style.read(metrics, "rollout_diversity")


def draw(frame: pd.DataFrame) -> Figure:
    """Bars with Wilson intervals; the paper's two numbers for DS-8B stand below."""
    style.begin()
    figure, axes = style.panels(frame, style.COLUMN, 2.4)
    for model, axis in axes:
        cell = frame[frame["model"] == model]
        axis.bar(cell["safe_rollouts"], 100 * cell["share"], color=style.PALETTE[0], width=0.8)
        for _, row in cell.iterrows():
            style.whiskers(axis, row["safe_rollouts"], row, "share")
        axis.set_xticks(cell["safe_rollouts"])
        axis.set_xlabel(f"safe reasonings among {int(cell['rollouts'].iloc[0])} rollouts")
        axis.set_ylabel("harmful prompts, %")
        axis.text(0.98, 0.95, f"n = {cell['prompts'].sum()} prompts", transform=axis.transAxes, ha="right", va="top", fontsize=8)
    return figure
