"""Paper Fig. 7: token-wise KL of the aligned models from their base over harmful traces."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from safe_reasoning.figures import style

HALF = 0.5  # positions reached by fewer than this share of the traces are not drawn


def data(metrics: Path, published: Path) -> pd.DataFrame:
    """KL by position where at least half of the traces go on."""
    frame = style.read(metrics, "kl")
    frame = frame[frame["traces"] >= HALF * frame.groupby(["model", "method", "seed"])["traces"].transform("max")]
    return frame[frame["method"] != "ipo_lexical"].reset_index(drop=True)


def draw(frame: pd.DataFrame) -> Figure:
    """A line a method with its 95 % band; IPO is drawn thickest."""
    style.begin()
    figure, axes = style.panels(frame, 5.2, 2.9)
    for model, axis in axes:
        cell = frame[frame["model"] == model]
        for number, method in enumerate(style.ordered(cell["method"])):
            mean = cell[cell["method"] == method].groupby("position")[["kl", "low", "high"]].mean()
            color = style.PALETTE[number % len(style.PALETTE)]
            axis.fill_between(mean.index, mean["low"], mean["high"], color=color, alpha=0.12, linewidth=0)
            axis.plot(mean.index, mean["kl"], color=color, linewidth=2.0 if method == "ipo" else 1.0, label=style.label(method))
        axis.set_xlabel("reasoning token")
        axis.set_ylabel("KL(aligned || base), nats")
        axis.set_title(f"{model}, {int(cell['traces'].max())} harmful traces of the base model")
    axes[-1][1].legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure
