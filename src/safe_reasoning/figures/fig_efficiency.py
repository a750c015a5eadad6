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
    """Bars of minutes a method, sampling and training apart; generations a prompt and the harm reached stand beside."""
    style.begin()
    methods = style.ordered(frame["method"])
    figure, axes = style.panels(frame, style.PAGE / 2 if frame["model"].nunique() > 1 else 5.2, 0.27 * len(methods) + 0.9)
    for model, axis in axes:
        cell = (
            frame[frame["model"] == model]
            .groupby("method")[["sampling_seconds", "training_seconds", "minutes", "generations_per_prompt", "rate"]]
            .mean()
        )
        for place, method in enumerate(methods):
            if method not in cell.index:
                continue
            row = cell.loc[method]
            sampling = row["sampling_seconds"] / 60
            axis.barh(place, sampling, color=style.PALETTE[0], height=0.6, label="sampling" if place == 0 else None)
            axis.barh(
                place,
                row["training_seconds"] / 60,
                left=sampling,
                color=style.PALETTE[1],
                height=0.6,
                label="training" if place == 0 else None,
            )
            each = "" if pd.isna(row["generations_per_prompt"]) else f"{row['generations_per_prompt']:.0f} generations a prompt, "
            axis.text(row["minutes"], place, f"  {each}{100 * row['rate']:.0f} % harmful", va="center", fontsize=7)
        axis.set_yticks(range(len(methods)), [style.label(m) for m in methods])
        axis.set_ylim(len(methods) - 0.5, -0.5)
        axis.set_xlim(0, 2.1 * max(0.05, float(cell["minutes"].max())))
        axis.set_xlabel("minutes on this run's machine")
        axis.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2)
    return figure
