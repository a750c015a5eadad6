"""What each method cost and what it reached (the paper gives generations per prompt and minutes for
IPO and GRPO).
"""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from safe_reasoning.report import methods as report_methods
from safe_reasoning.report import metrics as report_metrics
from safe_reasoning.report.figures import style

CAPTION = """
**Compute.** The paper gives at most 14 generations per prompt and 40 minutes for IPO, at least
40 generations and two hours for GRPO (A, DS-8B). Measured here: generations for each harmful
prompt, minutes of sampling and training, and the harmful reasoning that was left, with its 95 %
interval (with several training seeds the mean over them, whose spread is in the interval; short
strokes are the seeds). GRPO samples while it trains, so its minutes are all training; its steps,
and so its generations, are set in the configuration. Both stages together hold the sampling and
training of the first, and the answers to benign prompts. The search for
triggers belongs to the characterization and is not counted, as in the paper. Of more than
16 methods only the paper's are drawn.
"""

# The paper's method: our row, what its number is
PUBLISHED_ROWS = {"ipo": ("ipo", "at most"), "grpo": ("grpo_zy", "at least")}


def data(metrics: Path, published: Path) -> pd.DataFrame:
    """Generations, tokens and minutes with the harm of the reasoning over the safety sets.

    `paper` is the paper's generations per prompt.
    """
    cost = report_metrics.read(metrics, "efficiency")
    if cost["seed"].nunique() > 1:
        mean = (
            cost.groupby(["model", "method"], sort=False)
            .mean(numeric_only=True)
            .reset_index()
            .assign(seed=report_metrics.MEAN)
        )
        cost = pd.concat([mean, cost.assign(seed=cost["seed"].astype(str))], ignore_index=True)[cost.columns]
    harm = report_metrics.read_rates(metrics).query(
        "prompt_set == 'safety_average' and part == 'reasoning' and measure == 'harmful'"
    )
    merged = cost.merge(
        harm[["model", "method", "seed", "rate", "low", "high", "prompts", "samples", "unscored"]],
        on=["model", "method", "seed"],
    )
    merged[["sampling_minutes", "training_minutes"]] = merged[["sampling_seconds", "training_seconds"]] / 60
    paper = report_metrics.read_published(published, "other").query(
        "item == 'efficiency' and unit == 'count'"
    )
    for row in paper.itertuples():
        method, bound = PUBLISHED_ROWS[row.method]
        merged.loc[merged["method"] == method, ["paper", "bound"]] = [row.value, bound]
    return report_methods.nameable(report_methods.main_methods(merged))


def draw(frame: pd.DataFrame) -> Figure:
    """One row per method.

    Generations per prompt, minutes (sampling and training stacked), harm with its 95 % interval.
    """
    style.begin()
    models, methods = list(dict.fromkeys(frame["model"])), report_methods.ordered(frame["method"])
    size = (style.PAGE, (0.26 * len(methods) + 0.8) * len(models))
    figure, axes = plt.subplots(len(models), 3, figsize=size, squeeze=False, sharey="row")
    for model, row in zip(models, axes, strict=True):
        cell = frame[frame["model"] == model]
        mean = (
            cell.groupby("method")[
                ["generations_per_prompt", "sampling_minutes", "training_minutes", "paper"]
            ]
            .mean()
            .reindex(methods)
        )
        places = range(len(methods))
        row[0].barh(places, mean["generations_per_prompt"], height=0.6, color=style.PALETTE[7])
        paper = cell.dropna(subset="paper").drop_duplicates("method") if "paper" in cell else cell.head(0)
        for entry in paper.itertuples():
            place = methods.index(entry.method)
            row[0].plot(
                entry.paper,
                place,
                "D",
                color=style.PAPER,
                markersize=5,
                markeredgecolor="black",
                markeredgewidth=0.6,
            )
            row[0].annotate(
                f"paper: {entry.bound} {entry.paper:.0f}",
                (entry.paper, place),
                xytext=(5, 0),
                textcoords="offset points",
                va="center",
                fontsize=7,
            )
        largest = max(
            mean["generations_per_prompt"].max(),
            mean["paper"].max(skipna=True) if mean["paper"].notna().any() else 0,
        )
        row[0].set_xlim(0, 1.75 * largest)
        row[0].set_title("generations per prompt")
        row[1].barh(places, mean["sampling_minutes"], height=0.6, color=style.PALETTE[9], label="sampling")
        row[1].barh(
            places,
            mean["training_minutes"],
            left=mean["sampling_minutes"],
            height=0.6,
            color=style.PALETTE[0],
            label="training",
        )
        row[1].set_title("minutes on this machine")
        longest = (mean["sampling_minutes"] + mean["training_minutes"]).max()
        row[1].set_xlim(0, 1.05 * longest)
        style.dots_by_method(row[2], cell, methods, style.REASONING)
        row[2].set_title("harmful reasoning, %")
        row[2].set_xlabel(f"n = {int(cell['prompts'].max())} prompts", fontsize=style.SMALL)
        style.rates_axis(row[2])
        style.method_rows(row, methods, model, several=len(models) > 1)
    figure.legend(
        *axes[0][1].get_legend_handles_labels(),
        loc="outside lower center",
        ncols=2,
        handlelength=1.0,
        columnspacing=1.0,
    )
    return figure
