"""Paper Fig. 2: harm of reasoning against harm of response for each aligned model, a panel a safety set."""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from safe_reasoning.figures import style


def data(metrics: Path, published: Path) -> pd.DataFrame:
    """Harmful rates of both parts on each safety set."""
    frame = style.read(metrics, "evaluation")
    chosen = (frame["role"] == "safety") & (frame["measure"] == "harmful") & (frame["prompt_set"] != "safety_average")
    return frame[chosen & (frame["method"] != "ipo_lexical")].reset_index(drop=True)


def draw(frame: pd.DataFrame) -> Figure:
    """Points joined by a line from response to reasoning: a long line is a response safer than its reasoning."""
    style.begin()
    models, sets, methods = (list(dict.fromkeys(frame[c])) for c in ("model", "prompt_set", "method"))
    methods = style.ordered(frame["method"])
    size = (style.PAGE, (0.24 * len(methods) + 0.8) * len(models))
    figure, axes = plt.subplots(len(models), len(sets), figsize=size, squeeze=False, sharex=True, sharey=True)
    for model, row in zip(models, axes, strict=True):
        for axis, prompt_set in zip(row, sets, strict=True):
            cell = frame[(frame["model"] == model) & (frame["prompt_set"] == prompt_set)]
            n = cell["prompts"].max()
            axis.set_title(f"{prompt_set.replace('_', ' ')} ({n} prompts)")
            for place, method in enumerate(methods):
                means = {part: rows["rate"].mean() for part, rows in cell[cell["method"] == method].groupby("part")}
                if len(means) == 2:
                    axis.plot([100 * means["response"], 100 * means["reasoning"]], [place] * 2, color=style.GREY, linewidth=0.8)
                for part, color, marker in (("reasoning", style.REASONING, "o"), ("response", style.RESPONSE, "s")):
                    axis.plot(
                        100 * means.get(part, float("nan")), place, marker, color=color, markersize=4, label=part if place == 0 else None
                    )
            axis.grid(axis="x", linewidth=0.4, alpha=0.6)
        row[0].set_yticks(range(len(methods)), [style.label(m) for m in methods])
        row[0].set_ylim(len(methods) - 0.5, -0.5)
        if len(models) > 1:
            row[0].set_ylabel(model)
    axes[-1][len(sets) // 2].set_xlabel("harmful, %")
    axes[0][-1].legend(loc="lower right")
    return figure
