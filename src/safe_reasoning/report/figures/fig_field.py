"""Every method of a comparison at matched compliance, on one page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from safe_reasoning.report import methods as report_methods
from safe_reasoning.report import metrics as report_metrics
from safe_reasoning.report.figures import style
from safe_reasoning.report.related_methods import DECODING

CAPTION = """
**The field at matched compliance.** Harm that each method leaves where it still gives nearly the
help of the base: of the reasoning (dot) and of the response (hollow diamond), on average over the
safety sets, with 95 % intervals over prompts. Families are by what a method learns from; in each,
the least harmful reasoning comes first. On the right, where a method is read: nothing where that is
its end; else the share of its training, since it gives too little help later on (a second stage
counts on from the first, 101 to 200 %). For a policy that edits reasonings while decoding, it is
the share of answers it may be used for. Dashed: reasoning of the base; dotted: of IPO (stage 1). A
reasoning that is never scored has no dot.
"""
ROW, SIZE = 0.118, 5.6  # height of a row in inches; of names in points
REASONING, RESPONSE = "reasoning", "response"
LOOKS = {REASONING: ("o", 3.2, style.REASONING), RESPONSE: ("D", 2.6, style.RESPONSE)}


def data(metrics: Path, published: Path) -> pd.DataFrame:
    """Harm of each method at matched compliance, and where it is read, by family."""
    matched, curves = report_metrics.read(metrics, "matched"), report_metrics.read(metrics, "curves")
    ends = curves.groupby(["model", "method"])["steps_share"].max().rename("end").reset_index()
    harm = matched[(matched["prompt_set"] == "safety_average") & (matched["measure"] == "harmful")]
    keys = ["model", "method", "at"]
    parts = [
        harm[harm["part"] == part][[*keys, "rate", "low", "high"]].rename(
            columns={name: f"{part}_{name}" for name in ("rate", "low", "high")}
        )
        for part in LOOKS
    ]
    frame = parts[0].merge(parts[1], on=keys).merge(ends, on=["model", "method"], how="left")
    family = {
        method: name
        for name, members in report_methods.families(frame["method"]).items()
        for method in members
    }
    frame.insert(1, "family", frame["method"].map(family).fillna(""))
    order = {name: number for number, name in enumerate(["", *report_methods.families(frame["method"])])}
    frame["order"] = frame["family"].map(order)
    frame = frame.sort_values(["model", "order", "reasoning_rate", "method"], kind="stable")
    return frame.drop(columns="order").reset_index(drop=True)


def draw(frame: pd.DataFrame) -> Figure:
    """Two columns of methods per model."""
    style.begin()
    models = list(dict.fromkeys(frame["model"]))
    columns = [_columns(frame[frame["model"] == model]) for model in models]
    longest = max(len(lines) for pair in columns for lines in pair)
    figure, grid = plt.subplots(
        len(models), 2, figsize=(style.PAGE, (ROW * longest + 0.7) * len(models)), squeeze=False, sharex=True
    )
    for model, pair, axes in zip(models, columns, grid, strict=True):
        cell = frame[frame["model"] == model].set_index("method")
        for axis, lines in zip(axes, pair, strict=True):
            _column(axis, lines, cell)
            axis.set_ylim(longest - 0.4, -0.6)
            axis.set_xlabel("harmful, %" if len(models) == 1 else f"{model}: harmful, %")
    handles = [
        plt.Line2D([], [], linestyle="", marker=marker, markersize=size + 1, color=color, label=part,
                   markerfacecolor=color if part == REASONING else "#ffffff")
        for part, (marker, size, color) in LOOKS.items()
    ]  # fmt: skip
    figure.legend(handles=handles, loc="outside upper center", ncols=2)
    return figure


def _columns(cell: pd.DataFrame) -> tuple[list[Any], list[Any]]:
    """Two lists of about equal length: of a family's name, then of its rows; no family is split."""
    blocks = [
        ([family] if family else []) + list(rows.itertuples())
        for family, rows in cell.groupby("family", sort=False)
    ]
    half = sum(map(len, blocks)) / 2
    left: list[Any] = []
    while blocks and len(left) + len(blocks[0]) / 2 <= half:
        left += blocks.pop(0)
    return left, [line for block in blocks for line in block]


def _column(axis: Axes, lines: list[Any], cell: pd.DataFrame) -> None:
    for method, dashes in (("base", "--"), ("ipo", ":")):
        if method in cell.index:
            axis.axvline(
                100 * cell.loc[method, "reasoning_rate"], color=style.GREY, ls=dashes, lw=0.7, zorder=0
            )
    for y, line in enumerate(lines):
        if isinstance(line, str):
            continue
        for shift, (part, (marker, size, color)) in zip((-0.14, 0.14), LOOKS.items(), strict=True):
            value, low, high = (100 * getattr(line, f"{part}_{name}") for name in ("rate", "low", "high"))
            axis.plot([low, high], [y + shift] * 2, color=color, linewidth=0.7)
            face = color if part == REASONING else "#ffffff"
            axis.plot(
                [value], [y + shift], marker, markersize=size, color=color, markerfacecolor=face, mew=0.7
            )
        axis.text(1.01, y, _read_at(line), transform=axis.get_yaxis_transform(), fontsize=SIZE, va="center")
    names = [line if isinstance(line, str) else report_methods.label(str(line.method)) for line in lines]
    axis.set_yticks(range(len(lines)), names)
    axis.tick_params(axis="y", length=0, labelsize=SIZE)
    for line, tick in zip(lines, axis.get_yticklabels(), strict=True):
        if isinstance(line, str):
            tick.set_fontweight("bold")
    axis.set_xlim(-2, 102)
    axis.grid(axis="x", linewidth=0.4, alpha=0.6)


def _read_at(row: Any) -> str:
    """`35 %` where a method is read before its end."""
    if row.method == "base" or row.at > row.end - 1e-9:
        return ""
    policy = str(row.family).startswith(DECODING)
    return f"{100 * row.at:.0f} %{' of answers' if policy else ''}"
