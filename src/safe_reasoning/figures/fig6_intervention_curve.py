"""Paper Fig. 6: harmful share against the number of corrective interventions, a line a trigger, with controls that the paper did not run."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from safe_reasoning.figures import style

CONTROLS = {"neutral": ("neutral sentence", "black", "--"), "none": ("nothing inserted", "black", ":")}


def data(metrics: Path, published: Path) -> pd.DataFrame:
    """Our rates, and the paper's curve in every model's panel."""
    ours = style.read(metrics, "interventions").assign(source="ours")
    paper = pd.read_csv(published / "other.csv").query("item == 'fig6'")
    rows = [
        {"model": model, "source": "paper", "arm": "paper", "label": "paper, DS-8B", "rounds": int(row.x), "harmful": row.value / 100}
        for model in dict.fromkeys(ours["model"])
        for row in paper.itertuples()
    ]
    return pd.concat([ours, pd.DataFrame(rows)], ignore_index=True)


def draw(frame: pd.DataFrame) -> Figure:
    """Lines with 95 % intervals for the controls and thin ones for the triggers."""
    style.begin()
    figure, axes = style.panels(frame, 4.6, 2.9)
    for model, axis in axes:
        cell = frame[frame["model"] == model]
        for number, (label, line) in enumerate(cell[cell["arm"] == "trigger"].groupby("label", sort=False)):
            color = style.PALETTE[number % len(style.PALETTE)]
            axis.plot(
                line["rounds"] + 0.03 * number,
                100 * line["harmful"],
                "o-",
                color=color,
                markersize=3,
                linewidth=1.2,
                label=f"trigger {label}",
            )
            for _, row in line.iterrows():
                style.whiskers(axis, row["rounds"] + 0.03 * number, row, "harmful", color)
        for arm, (label, color, dashes) in CONTROLS.items():
            line = cell[cell["arm"] == arm]
            axis.plot(line["rounds"] - 0.05, 100 * line["harmful"], dashes, color=color, linewidth=1.4, label=label)
            for _, row in line.iterrows():
                style.whiskers(axis, row["rounds"] - 0.05, row, "harmful")
        line = cell[cell["arm"] == "paper"]
        axis.plot(line["rounds"], 100 * line["harmful"], "-", color="#bbbbbb", linewidth=2.5, label="paper, DS-8B", zorder=0)
        axis.set_xlabel("interventions")
        axis.set_ylabel("harmful reasoning, %")
        axis.set_ylim(0, 105)
        axis.set_title(f"{model}, {int(cell['traces'].max())} harmful traces")
    axes[-1][1].legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure
