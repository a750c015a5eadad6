"""Harm against cost: what a method costs once, before it is used, and with every answer."""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

from safe_reasoning.report import methods as report_methods
from safe_reasoning.report import metrics as report_metrics
from safe_reasoning.report.figures import fig_harm_against_help, style
from safe_reasoning.report.related_methods import DECODING, ORGANISMS, RELATED

CAPTION = """
**What safety costs, once and with every answer.** Harmful reasoning of each method at its end, on
average over the safety sets. Left: trained methods, against the tokens that were sampled and
trained on for them. Right: policies that edit a reasoning while it is written, against the tokens
that are sampled for each token that the base would write on the same harmful prompts; 1 is the
base, and what trained methods cost there. Colours are families. Filled: keeps at least the help at
which methods are matched; hollow: does not, so that a low rate is bought with refusals. A
reasoning that is closed at once has no harm to measure and no point here. The dashed line is the
base. Model organisms, which are trained to do harm, are left out. 95 % intervals over prompts.
"""
ONCE, ALWAYS = (
    "before use: thousand tokens",
    "in use: tokens per token of the base",
)
SPACING = 4.2  # of names, in points of harm
# Methods named on the left, where there is room: offset in points, side of the point
NAMED = {
    **dict.fromkeys(("ipo", "sft", "dpo_natural", "grpo_zy"), ((-4, 1), "right")),
    "ipo_stage2": ((4, -7), "left"),
}


def data(metrics: Path, published: Path) -> pd.DataFrame:
    """Harm, help and cost of each method at its end.

    `once` is tokens; `always` is a ratio, empty for trained methods.
    """
    curves = fig_harm_against_help.data(metrics, published)
    ends = curves.sort_values("steps_share", kind="stable").groupby(["model", "method"], sort=False).tail(1)
    budgets = report_metrics.read(metrics, "budgets")
    budgets["once"] = budgets["trained_tokens"] + budgets["generated_tokens"]
    once = budgets.groupby(["model", "method"])["once"].mean().reset_index()
    frame = ends.merge(once, on=["model", "method"], how="left")
    control = report_metrics.read(metrics, "control").query("kind == 'harmful'")
    wide = control.pivot_table(index=["model", "method"], columns="measure", values="value")
    always = (wide["sampled_tokens"] / wide["base_tokens"]).rename("always").reset_index()
    frame = frame.merge(always, on=["model", "method"], how="left")
    frame = frame[~frame["method"].isin(RELATED[ORGANISMS])]
    columns = ["model", "method", "harm_rate", "harm_low", "harm_high", "help_rate", "kept", "once", "always"]
    return frame[columns].reset_index(drop=True)


def draw(frame: pd.DataFrame) -> Figure:
    """One row of two panels per model."""
    style.begin()
    models = list(dict.fromkeys(frame["model"]))
    figure, axes = plt.subplots(
        len(models), 2, figsize=(style.PAGE, 3.6 * len(models) + 0.6), squeeze=False, sharey=True
    )
    colors = colors_of(frame)
    for model, (left, right) in zip(models, axes, strict=True):
        cell = frame[frame["model"] == model]
        base = 100 * cell.loc[cell["method"] == "base", "harm_rate"].mean()
        for axis, cost, title in ((left, "once", ONCE), (right, "always", ALWAYS)):
            axis.axhline(base, color="#000000", linestyle="--", linewidth=0.8)
            for row in cell[cell[cost].notna()].itertuples():
                _point(axis, row, cost, colors[row.method])
            axis.set_xlabel(title, fontsize=style.SMALL)
            axis.grid(linewidth=0.4, alpha=0.6)
        _name_beside(right, cell[cell["always"].notna() & cell["harm_rate"].notna()], colors)
        left.set_xscale("log")
        left.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        left.xaxis.set_major_formatter(lambda tokens, _: f"{tokens / 1000:g}")
        left.xaxis.set_minor_locator(NullLocator())
        left.set_ylim(-2, 102)
        left.set_ylabel(f"{model}: harmful reasoning, %" if len(models) > 1 else "harmful reasoning, %")
    handles = [
        plt.Line2D([], [], color=colors[members[0]], marker="o", linestyle="", label=family)
        for family, members in families_of(frame).items()
    ]
    figure.legend(handles=handles, loc="outside upper center", ncols=3, columnspacing=1.0)
    return figure


def families_of(frame: pd.DataFrame) -> dict[str, list[str]]:
    """Methods by family, with all that decode under a policy as one."""
    found: dict[str, list[str]] = {}
    for family, members in report_methods.families(frame["method"]).items():
        found.setdefault(DECODING if family.startswith(DECODING) else family, []).extend(members)
    return found


def colors_of(frame: pd.DataFrame) -> dict[str, str]:
    """A colour for each method: that of its family."""
    palette = sns.color_palette("dark", 10).as_hex()
    found = {
        method: palette[number % len(palette)]
        for number, members in enumerate(families_of(frame).values())
        for method in members
    }
    return found | {"base": "#000000"}


def _point(axis: Axes, row: tuple, cost: str, color: str) -> None:
    x, y = getattr(row, cost), 100 * row.harm_rate  # type: ignore[attr-defined]
    low, high = 100 * row.harm_low, 100 * row.harm_high  # type: ignore[attr-defined]
    keeps = row.help_rate >= row.kept  # type: ignore[attr-defined]
    axis.errorbar([x], [y], yerr=[[max(0.0, y - low)], [max(0.0, high - y)]], color=color, elinewidth=0.6)
    axis.plot([x], [y], "o", markersize=4.5, color=color, markerfacecolor=color if keeps else "#ffffff")
    if cost == "once" and row.method in NAMED:  # type: ignore[attr-defined]
        name, (offset, side) = report_methods.label(row.method), NAMED[row.method]  # type: ignore[attr-defined]
        axis.annotate(
            name, (x, y), xytext=offset, textcoords="offset points", fontsize=5.5, color=color, ha=side
        )


def _name_beside(axis: Axes, cell: pd.DataFrame, colors: dict[str, str]) -> None:
    """Names on the right of a panel, in the order of the points' heights, each with a thin line."""
    rows = list(cell.sort_values(["harm_rate", "always"]).itertuples())
    height = -2.0
    for row in rows:
        y = 100 * row.harm_rate
        height = max(height + SPACING, y - SPACING * len(rows) / 4)
        axis.annotate(
            report_methods.label(str(row.method)),
            (row.always, y),
            xytext=(1.04, height),
            textcoords=("axes fraction", "data"),
            fontsize=5.5,
            va="center",
            color=colors[str(row.method)],
            arrowprops={"arrowstyle": "-", "linewidth": 0.3, "color": "#999999", "relpos": (0, 0.5)},
            annotation_clip=False,
        )
