"""Paper Fig. 3: shares of safe and harmful reasoning by safe and harmful response, base model, a panel a model, the paper's values beside."""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from safe_reasoning.figures import style

CLASSES = ["safe", "harmful"]
NAMES = {"safe": "safe", "harmful": "unsafe"}


def data(metrics: Path, published: Path) -> pd.DataFrame:
    """Our shares over all safety sets, and the published ones (`source` tells them apart)."""
    ours = style.read(metrics, "outcome_shares").query("prompt_set == 'all'").assign(source="ours", mark="")
    paper = pd.read_csv(published / "other.csv").query("item == 'fig3'")
    rows = [
        {"model": row.model, "source": "paper", "reasoning": z, "response": y, "share": row.value / 100, "mark": row.mark}
        for row in paper.itertuples()
        for z in CLASSES
        for y in CLASSES
        if row.series == f"{NAMES[z]}_z/{NAMES[y]}_y"
    ]
    return pd.concat([ours, pd.DataFrame(rows)], ignore_index=True).drop(columns="prompt_set")


def draw(frame: pd.DataFrame) -> Figure:
    """A 2 x 2 table of percentages a model; cells that readers did not report are left empty."""
    style.begin()
    groups = list(dict.fromkeys(zip(frame["source"], frame["model"], strict=True)))
    figure, axes = plt.subplots(1, len(groups), figsize=(style.PAGE, 2.1), squeeze=False)
    for (source, model), axis in zip(groups, axes[0], strict=True):
        cell = frame[(frame["source"] == source) & (frame["model"] == model)]
        grid = cell.pivot(index="reasoning", columns="response", values="share").reindex(index=CLASSES, columns=CLASSES) * 100
        text = grid.map(lambda share: "" if pd.isna(share) else f"{share:.1f}")
        sns.heatmap(
            grid, annot=text, fmt="", vmin=0, vmax=100, cmap="Blues" if source == "ours" else "Greys", cbar=False, square=True, ax=axis
        )
        n = f"\nn = {int(cell['count'].sum())}" if source == "ours" else "\n(paper)"
        axis.set_title(f"{model}{n}")
        axis.set_xlabel("response")
        axis.set_ylabel("reasoning, % of traces" if axis is axes[0][0] else "")
    return figure
