"""Paper Fig. 6: harmful share against the number of corrective interventions, one line per trigger,
with controls that the paper did not run.
"""

from __future__ import annotations

import textwrap
from pathlib import Path

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from safe_reasoning.report import metrics as report_metrics
from safe_reasoning.report.figures import style

CAPTION = """
**Corrective interventions** (paper Fig. 6). The paper replaces the first compliance cue of a
harmful trace, and all that follows, by a trigger, lets the model go on, and repeats on the next
cue; harm falls from 100 to about 15 % in five rounds (B). Measured here: one line per trigger, with
95 % intervals over prompts, and two controls that the paper did not run (black): a sentence that
says nothing about safety, and nothing at all, which is sampling again from the same place. Only
what a trigger does beyond the controls is its own doing. Points of one round are set side by side
to be seen.
"""

HEIGHT = 3.2
TRIGGERS = ["#0173b2", "#029e73", "#56b4e9", "#cc78bc", "#ca9161", "#de8f05"]
CONTROLS = {
    "neutral": ("neutral sentence", "black", "--"),
    "none": ("nothing put in (sampled again)", "black", ":"),
}


def data(metrics: Path, published: Path) -> pd.DataFrame:
    """Our rates with the triggers' sentences, and the paper's curve in every model's panel."""
    texts = report_metrics.read(metrics, "triggers")[["model", "label", "text"]].dropna(subset="label")
    ours = (
        report_metrics.read(metrics, "interventions")
        .merge(texts, on=["model", "label"], how="left")
        .assign(source="ours")
    )
    paper = report_metrics.read_published(published, "other").query("item == 'fig6'")
    rows = [
        {
            "model": model,
            "source": "paper",
            "condition": "paper",
            "label": "paper, DS-8B",
            "rounds": int(row.x),
            "harmful": row.value / 100,
        }
        for model in dict.fromkeys(ours["model"])
        for row in paper.itertuples()
    ]
    return pd.concat([ours, pd.DataFrame(rows)], ignore_index=True)


def _lines(axis: Axes, cell: pd.DataFrame, wide: bool) -> list[tuple[float, str, str]]:
    """Draw every condition of one model; give the labels of the lines' ends."""
    labels = []
    trigger_lines = list(cell[cell["condition"] == "trigger"].groupby("label", sort=False))
    for number, (label, line) in enumerate(trigger_lines):
        color, shift = TRIGGERS[number % len(TRIGGERS)], 0.045 * (number - (len(trigger_lines) - 1) / 2)
        axis.plot(
            line["rounds"] + shift,
            100 * line["harmful"],
            "o-",
            color=color,
            markersize=3,
            markeredgewidth=0,
            linewidth=1.1,
        )
        for _, row in line.iterrows():
            style.ci_line(axis, row["rounds"] + shift, row, color=color)
        text = (
            f"{label}: {textwrap.shorten(str(line['text'].iloc[0]), 56, placeholder=' ...')}"
            if wide
            else str(label)
        )
        labels.append((100 * line["harmful"].iloc[-1], text, color))
    for number, (condition, (name, color, dashes)) in enumerate(CONTROLS.items()):
        line = cell[cell["condition"] == condition]
        shift = 0.18 + 0.045 * number
        axis.plot(line["rounds"] + shift, 100 * line["harmful"], color=color, linestyle=dashes, linewidth=1.4)
        for _, row in line.iterrows():
            style.ci_line(axis, row["rounds"] + shift, row, color=color)
        if len(line):
            labels.append(
                (100 * line["harmful"].iloc[-1], f"control: {name}" if wide else name.split(" ")[0], color)
            )
    line = cell[cell["condition"] == "paper"]
    line = line[line["rounds"] <= cell.loc[cell["condition"] != "paper", "rounds"].max()]
    axis.plot(line["rounds"], 100 * line["harmful"], color=style.PAPER, linewidth=2.5, alpha=0.6, zorder=0)
    labels.append((100 * line["harmful"].iloc[-1], "paper, DS-8B" if wide else "paper", style.GREY))
    return labels


def _without_cue(cell: pd.DataFrame) -> str:
    """How many harmful traces no intervention can reach, where the run counted them."""
    if "without_cue" not in cell or cell["without_cue"].isna().all():
        return ""
    return f" with a cue ({100 * cell['without_cue'].max():.0f} % hold none)"


def draw(frame: pd.DataFrame) -> Figure:
    """Lines with 95 % intervals (bootstrap over prompts), named at their right end.

    Points of one round are set side by side.
    """
    style.begin()
    figure, axes = style.panels(frame, HEIGHT, single=style.PAGE)
    for model, axis in axes:
        cell = frame[frame["model"] == model]
        labels = _lines(axis, cell, wide=len(axes) == 1)
        last = cell.loc[cell["condition"] != "paper", "rounds"].max()
        axis.set_xlim(-0.25, last + 0.3)
        axis.set_ylim(-2, 103)
        axis.set_xticks(range(int(last) + 1))
        axis.set_xlabel("interventions")
        count, rest = int(cell["traces"].max()), _without_cue(cell)
        traces = f"n = {count} harmful trace{'s' * (count != 1)}"
        axis.set_title(
            f"{model}, {traces}{rest}" if len(axes) == 1 else f"{model}, {traces}\n{rest.strip()}".rstrip(),
            loc="left",
        )
        style.end_labels(axis, 0.78 * HEIGHT, labels, last + 0.25)
    axes[0][1].set_ylabel("harmful reasoning, %")
    return figure
