"""Paper Fig. 4: how many of n rollouts of a harmful prompt reason safely."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from safe_reasoning.report import metrics as report_metrics
from safe_reasoning.report.figures import style
from safe_reasoning.stats.rates import wilson_interval

CAPTION = """
**Few safe rollouts to learn from** (paper Fig. 4). The paper samples 8 rollouts of each harmful
prompt: 36.2 % of the prompts give no safe reasoning (A) and about half give none or one (A), so
reinforcement learning has little to reinforce. Measured here: the same histogram for the base
model on the alignment prompts, with 95 % Wilson intervals over prompts; the diamond is the
paper's value at zero.
"""


def data(metrics: Path, published: Path) -> pd.DataFrame:
    """The histogram; `paper` is the paper's share for DS-8B at no safe rollout."""
    frame = report_metrics.read(metrics, "rollout_diversity")
    paper = (
        report_metrics.read_published(published, "other").query("item == 'fig4'").set_index("series")["value"]
    )
    frame.loc[frame["safe_rollouts"] == 0, "paper"] = paper["no safe rollout of 8"] / 100
    frame.loc[frame["safe_rollouts"] <= 1, "paper_up_to_one"] = paper["at most one safe rollout of 8"] / 100
    return frame


def draw(frame: pd.DataFrame) -> Figure:
    """Bars with Wilson intervals.

    The paper's value at zero is a diamond, its share at zero or one stands in the title.
    """
    style.begin()
    figure, axes = style.panels(frame, 2.5)
    for model, axis in axes:
        cell = frame[frame["model"] == model]
        axis.bar(cell["safe_rollouts"], 100 * cell["share"], color=style.PALETTE[0], alpha=0.75, width=0.8)
        for _, row in cell.iterrows():
            style.ci_line(axis, row["safe_rollouts"], row)
        axis.plot(
            0,
            100 * cell["paper"].iloc[0],
            "D",
            color=style.PAPER,
            markersize=5,
            markeredgecolor="black",
            markeredgewidth=0.6,
            zorder=5,
        )
        axis.annotate(
            "paper, DS-8B",
            (0, 100 * cell["paper"].iloc[0]),
            xytext=(6, 1),  # above the intervals that end near it
            textcoords="offset points",
            va="bottom",
        )
        few, n = int(cell.loc[cell["safe_rollouts"] <= 1, "prompts"].sum()), int(cell["prompts"].sum())
        low, high = wilson_interval(few, n)
        text = (
            f"none or one safe: {100 * few / n:.0f} %\n[{100 * low:.0f}, {100 * high:.0f}], n = {n} "
            f"prompts\npaper: about {100 * cell['paper_up_to_one'].iloc[0]:.0f} %, 8 rollouts"
        )
        axis.set_title(f"{model}, {text}" if len(axes) > 1 else text, fontsize=style.SMALL)
        axis.set_ylim(0, min(105, 115 * max(frame["high"].max(), frame["paper"].max())))
        axis.set_xticks(cell["safe_rollouts"])
        axis.set_xlabel(f"safe reasonings among {int(cell['rollouts'].iloc[0])} rollouts")
    axes[0][1].set_ylabel("harmful prompts, %")
    return figure
