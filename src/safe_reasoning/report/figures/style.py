"""What the figures share.

Print sizes, colours, method names, and files that are the same bytes every time.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from safe_reasoning.core.files import write_bytes
from safe_reasoning.report.methods import METHODS, label
from safe_reasoning.report.metrics import MEAN
from safe_reasoning.report.scored import MOST_UNSCORED, unscored_share

COLUMN, PAGE = 3.3, 7.0  # widths of one column and of a page, inches
ABREAST = 3  # panels of models at most; more would be too narrow to read
SMALL = 8  # points: tick labels, legends and notes; titles and axis labels have 9
PALETTE = sns.color_palette("colorblind", 10).as_hex()
REASONING, RESPONSE, GREY, PAPER = "#d55e00", "#0072b2", "#777777", "#999999"


def begin() -> None:
    """Set the style; called before each figure, so that figures do not depend on each other."""
    sns.set_theme(context="paper", style="ticks", palette=PALETTE, font_scale=0.9)
    plt.rcParams.update(
        {
            "svg.hashsalt": "safe-reasoning",
            "svg.fonttype": "none",
            "figure.dpi": 100,
            "savefig.dpi": 200,
            "font.size": SMALL,
            "axes.titlesize": 9,
            "axes.labelsize": 9,
            "axes.linewidth": 0.8,
            "xtick.labelsize": SMALL,
            "ytick.labelsize": SMALL,
            "xtick.major.width": 0.8,
            "ytick.major.width": 0.8,
            "xtick.major.size": 3,
            "ytick.major.size": 3,
            "legend.fontsize": SMALL,
            "legend.frameon": False,
            "figure.constrained_layout.use": True,
            "axes.spines.top": False,
            "axes.spines.right": False,
        }
    )


def line(method: str) -> dict[str, Any]:
    """A method's colour and dashes."""
    _, color, dashes = METHODS.get(method, ("", GREY, "-"))
    return {"color": color, "linestyle": dashes}


def panels(
    frame: pd.DataFrame, height: float, single: float = COLUMN
) -> tuple[Figure, list[tuple[str, Axes]]]:
    """One panel per model, side by side: `single` inches wide for one model, a page for more.

    Rows hold ABREAST panels and are `height` inches high.
    """
    models = list(dict.fromkeys(frame["model"]))
    rows, columns = math.ceil(len(models) / ABREAST), min(len(models), ABREAST)
    size = (single if len(models) == 1 else PAGE, height * rows)
    figure, axes = plt.subplots(rows, columns, figsize=size, squeeze=False, sharey=True)
    for unused in axes.flat[len(models) :]:
        unused.remove()
    return figure, list(zip(models, axes.flat, strict=False))


def ci_line(
    axis: Axes,
    place: float,
    row: pd.Series,
    *,
    color: str = "black",
    horizontal: bool = False,
    scale: float = 100,
) -> None:
    """The 95 % interval of a row as a thin line; nothing where it is unknown."""
    if pd.notna(row["low"]) and pd.notna(row["high"]):
        ends, places = [scale * row["low"], scale * row["high"]], [place, place]
        axis.plot(
            *((ends, places) if horizontal else (places, ends)),
            color=color,
            linewidth=1.1,
            solid_capstyle="butt",
            zorder=3,
        )


def end_labels(
    axis: Axes, height: float, labels: Sequence[tuple[float, str, str]], x: float, fontsize: float = SMALL
) -> None:
    """Name lines at their right end, spread so that no two names overlap, with a thin leader from
    the line's end.

    Args:
        axis: with its final y limits.
        height: of the axis in inches, about.
        labels: (y of the line's end, text, colour).
        x: of the lines' end.
        fontsize: in points.
    """
    low, high = axis.get_ylim()
    gap = 1.25 * fontsize / 72 / height * (high - low)
    ranked = sorted(labels, key=lambda entry: entry[0])
    places: list[float] = []
    for y, _, _ in ranked:
        places.append(max(y, places[-1] + gap) if places else max(y, low + gap / 2))
    if places and places[-1] > high:  # too much at the top: push down from there
        places[-1] = high
        for i in range(len(places) - 2, -1, -1):
            places[i] = min(places[i], places[i + 1] - gap)
    beyond = axis.get_yaxis_transform()
    start = axis.transLimits.transform((x, 0))[0]
    for (y, text, color), place in zip(ranked, places, strict=True):
        axis.plot(
            [start, 1.03], [y, place], color=color, linewidth=0.5, transform=beyond, clip_on=False, zorder=1
        )
        axis.text(1.04, place, text, color=color, transform=beyond, va="center", ha="left", fontsize=fontsize)


def dots_by_method(
    axis: Axes, frame: pd.DataFrame, methods: Sequence[str], color: str, shift: float = 0.0, marker: str = "o"
) -> None:
    """Rates with intervals, one row per method (y = its place in `methods`).

    Where a rate is a mean over seeds, a short stroke marks each seed's own. A hollow marker is a
    rate with too many unscored answers (more than `MOST_UNSCORED`): it may flatter its method.
    """
    several = (frame["seed"] == MEAN).any()
    for _, row in frame.iterrows():
        place = methods.index(row["method"]) + shift
        if several and row["seed"] != MEAN:
            axis.plot(100 * row["rate"], place, "|", color=color, markersize=6, markeredgewidth=0.8, zorder=5)
            continue
        ci_line(axis, place, row, color=color, horizontal=True)
        hollow = unscored_share(row["unscored"], row["samples"]) > MOST_UNSCORED
        faces = {"markerfacecolor": "white", "markeredgewidth": 0.9} if hollow else {"markeredgewidth": 0}
        axis.plot(100 * row["rate"], place, marker, color=color, markersize=4, zorder=4, **faces)


def method_rows(axes: Sequence[Axes], methods: Sequence[str], model: str, several: bool) -> None:
    """Names of the methods at the left of a row of panels, the first method on top, a thin rule
    between methods.
    """
    axes[0].set_yticks(range(len(methods)), [label(m) for m in methods])
    axes[0].set_ylim(len(methods) - 0.5, -0.5)
    if several:
        axes[0].set_ylabel(model)
    for axis in axes:
        axis.tick_params(axis="y", length=0)
        axis.spines["left"].set_visible(False)
        axis.grid(axis="x", linewidth=0.4, alpha=0.6)
        for place in range(len(methods) - 1):
            axis.axhline(place + 0.5, color="#dddddd", linewidth=0.4, zorder=0)


def legend_above(figure: Figure, *axes: Axes) -> None:
    """One legend for all panels, above them, where it covers no data."""
    pairs = [pair for axis in axes for pair in zip(*axis.get_legend_handles_labels(), strict=True)]
    handles, labels = [handle for handle, _ in pairs], [text for _, text in pairs]
    figure.legend(
        handles, labels, loc="outside upper left", ncols=len(labels), handletextpad=0.1, borderpad=0.1
    )


def rates_axis(axis: Axes) -> None:
    """A percentage axis from 0 to 100."""
    axis.set_xlim(-3, 103)
    axis.set_xticks([0, 25, 50, 75, 100])


def save(figure: Figure, frame: pd.DataFrame, stem: Path) -> None:
    """Write stem.csv, stem.svg and stem.png; equal figures are equal files."""
    write_bytes(stem.with_suffix(".csv"), frame.to_csv(index=False, lineterminator="\n").encode())
    for kind, metadata in (("svg", {"Date": None}), ("png", {"Software": None})):
        buffer = io.BytesIO()
        figure.savefig(buffer, format=kind, metadata=metadata)
        content = buffer.getvalue()
        write_bytes(stem.with_suffix(f".{kind}"), _named_in_order(content) if kind == "svg" else content)
    plt.close(figure)


def _named_in_order(svg: bytes) -> bytes:
    """An SVG whose clip paths are named in the order of their use.

    Matplotlib names them after objects that may or may not lie where earlier ones lay in memory.
    """
    names: dict[bytes, bytes] = {}
    return re.sub(
        rb'(?<=url\(#)p[0-9a-f]{10}(?=\))|(?<=<clipPath id=")p[0-9a-f]{10}(?=")',
        lambda found: names.setdefault(found[0], b"clip%d" % len(names)),
        svg,
    )
