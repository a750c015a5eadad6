"""What each method cost against what it reached (the paper gives generations a prompt and minutes for IPO and GRPO)."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from safe_reasoning.figures import style


def data(metrics: Path, published: Path) -> pd.DataFrame:
    """Seconds of sampling and training with the harm of the reasoning over the safety sets."""
    cost = style.read(metrics, "efficiency")
    harm = style.read(metrics, "evaluation").query("prompt_set == 'safety_average' and part == 'reasoning'")
    merged = cost.merge(harm[["model", "method", "seed", "rate", "low", "high"]], on=["model", "method", "seed"])
    merged["minutes"] = (merged["sampling_seconds"] + merged["training_seconds"]) / 60
    return merged[merged["method"] != "ipo_lexical"].reset_index(drop=True)


def draw(frame: pd.DataFrame) -> Figure:
    """A labelled point a method."""
    style.begin()
    figure, axes = style.panels(frame, 4.6, 2.8)
    for model, axis in axes:
        cell = frame[frame["model"] == model].sort_values("rate").reset_index(drop=True)
        for number, row in cell.iterrows():
            style.whiskers(axis, row["minutes"], row, "rate", style.GREY)
            axis.plot(row["minutes"], 100 * row["rate"], "o", color=style.REASONING, markersize=4)
            axis.annotate(
                style.label(row["method"]),
                (row["minutes"], 100 * row["rate"]),
                xytext=(5, 3 if int(str(number)) % 2 else -8),
                textcoords="offset points",
                fontsize=7,
            )
        axis.set_xlabel("sampling and training, minutes on this run's machine")
        axis.set_ylabel("harmful reasoning, %")
        axis.set_xlim(0, 1.35 * max(0.1, cell["minutes"].max()))
        axis.set_ylim(bottom=0)
    return figure
