"""Paper Fig. 3: shares of safe and harmful reasoning by safe and harmful response, base model, one
panel per model, next to the paper's values.
"""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from safe_reasoning.report import metrics as report_metrics
from safe_reasoning.report.figures import style

CAPTION = """
**What goes with what** (paper Fig. 3). The paper finds that safe reasoning is nearly always
followed by a safe response, and that much harmful reasoning is too. Measured here: traces of the
base model on all safety sets, by the safety of their reasoning (rows) and response (columns), in
per cent of all traces with both parts scored. Blue is this run, with 95 % intervals; grey is the
paper, for other models and another judge, with marks. Empty cells were not found.
"""

CLASSES = ["safe", "harmful"]
NAMES = {"safe": "safe", "harmful": "unsafe"}


def data(metrics: Path, published: Path) -> pd.DataFrame:
    """Our shares over all safety sets, and the published ones (`source` distinguishes them)."""
    ours = (
        report_metrics.read(metrics, "outcome_shares")
        .query("prompt_set == 'all'")
        .assign(source="ours", mark=float("nan"))
    )
    paper = report_metrics.read_published(published, "other").query("item == 'fig3'")
    rows = [
        {
            "model": row.model,
            "source": "paper",
            "reasoning": z,
            "response": y,
            "share": row.value / 100,
            "mark": row.mark,
        }
        for row in paper.itertuples()
        for z in CLASSES
        for y in CLASSES
        if row.series == f"{NAMES[z]}_z/{NAMES[y]}_y"
    ]
    return pd.concat([ours, pd.DataFrame(rows)], ignore_index=True).drop(columns="prompt_set")


def _text(row: pd.Series) -> str:
    """Share in per cent; below it the interval (ours) or the mark (paper)."""
    below = (
        f"[{100 * row['low']:.0f}, {100 * row['high']:.0f}]"
        if row["source"] == "ours"
        else f"({row['mark']})"
    )
    return f"{100 * row['share']:.1f}\n{below}"


def _table(axis: Axes, cell: pd.DataFrame) -> None:
    """One 2 x 2 table; a cell that no one reported is left empty."""
    cell = cell.assign(text=cell.apply(_text, axis=1))
    grid, text = (
        cell.pivot(index="reasoning", columns="response", values=v).reindex(index=CLASSES, columns=CLASSES)
        for v in ("share", "text")
    )
    ours = (cell["source"] == "ours").all()
    sns.heatmap(
        100 * grid,
        annot=text.fillna(""),
        fmt="",
        vmin=0,
        vmax=100,
        cmap="Blues" if ours else "Greys",
        cbar=False,
        square=True,
        linewidths=0.8,
        linecolor="#cccccc",
        annot_kws={"fontsize": style.SMALL},
        ax=axis,
    )
    model = cell["model"].iloc[0]
    axis.set_title(f"{model}, this run\nn = {int(cell['count'].sum())} traces" if ours else f"{model}\npaper")
    axis.set_xlabel("response")
    axis.set_ylabel("")
    axis.tick_params(length=0)


def draw(frame: pd.DataFrame) -> Figure:
    """Percentages of all traces, ours blue, the paper's grey.

    With several models ours are a row of their own.
    """
    style.begin()
    sources = [
        [(s, m) for s, m in dict.fromkeys(zip(frame["source"], frame["model"], strict=True)) if s == which]
        for which in ("ours", "paper")
    ]
    rows = [sum(sources, [])] if len(sources[0]) == 1 else sources
    columns = max(map(len, rows))
    figure, axes = plt.subplots(len(rows), columns, figsize=(style.PAGE, 2.15 * len(rows)), squeeze=False)
    for groups, row in zip(rows, axes, strict=True):
        for axis in row[len(groups) :]:
            axis.set_axis_off()
        for (source, model), axis in zip(groups, row, strict=False):
            _table(axis, frame[(frame["source"] == source) & (frame["model"] == model)])
        row[0].set_ylabel("reasoning")
    return figure
