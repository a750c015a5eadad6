"""Paper Fig. 5b: the first compliance cue's token against the unsafe turning point."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from safe_reasoning.report import metrics as report_metrics
from safe_reasoning.report.figures import style

CAPTION = """
**Cues predict harm** (paper Fig. 5b). The paper finds r = 0.853 (A) on about 30 traces between
the first compliance cue's place and the unsafe turning point. Measured here: each dot is a
harmful trace of the base model; the dashed line is equality. r has a 95 %
interval from a bootstrap over traces and a p-value from a permutation test, and is given for every
cue detector of the run; the dots are those of the first. With fewer than four distinct values on
either axis there is no r. Traces without an unsafe turning point have no dot; a dot at zero is a
prompt that was lost before the first token of reasoning.
"""


def data(metrics: Path, published: Path) -> pd.DataFrame:
    """Harmful traces that have both (`kind` point), then r of every cue detector (`kind` r).

    The points are the first detector's.
    """
    points = (
        report_metrics.read(metrics, "turning_points")
        .query("outcome == 'harmful'")
        .dropna(subset=["first_cue_token", "unsafe_turning_point"])
    )
    correlation = report_metrics.read(metrics, "cue_correlation")
    paper = report_metrics.read_published(published, "other").query("item == 'fig5b'")["value"].iloc[0]
    keep = ["model", "trace", "first_cue_token", "unsafe_turning_point"]
    return pd.concat(
        [points[keep].assign(kind="point"), correlation.assign(kind="r", paper=paper)], ignore_index=True
    )


def draw(frame: pd.DataFrame) -> Figure:
    """Points and the diagonal; r of every detector with its interval above."""
    style.begin()
    figure, axes = style.panels(frame, 2.9)
    highest = 1.1 * frame["unsafe_turning_point"].max() if (frame["kind"] == "point").any() else 1.0
    for model, axis in axes:
        cell = frame[frame["model"] == model]
        points = cell[cell["kind"] == "point"]
        places = points[["first_cue_token", "unsafe_turning_point"]]
        top = 1.1 * float(np.nanmax(places.to_numpy())) if len(points) else 1.0
        axis.plot([0, top], [0, top], color=style.GREY, linewidth=0.7, linestyle="--")
        axis.plot(
            points["first_cue_token"],
            points["unsafe_turning_point"],
            "o",
            color=style.REASONING,
            markersize=4.5,
            alpha=0.7,
            markeredgewidth=0,
        )
        axis.set_xlim(-0.04 * top, top)
        height = max(top, highest)  # of all panels, which share their axis
        axis.set_ylim(-0.04 * height, (1.3 if len(axes) == 1 else 1.75) * height)
        lines = [
            f"{r.detector} cues: r = {r.r:.2f} [{r.low:.2f}, {r.high:.2f}], n = {int(r.n)}"
            if pd.notna(r.r)
            else f"{r.detector} cues: too few to decide, n = {int(r.n)}"
            for r in cell[cell["kind"] == "r"].itertuples()
        ]
        if len(axes) > 1:
            lines = [text.replace(" cues", "").replace(", n", "\nn") for text in lines]
        lines.append(f"paper, DS-8B: r = {cell['paper'].max():.3f}")
        axis.text(0.02, 0.99, "\n".join(lines), transform=axis.transAxes, va="top", fontsize=7.5)
        axis.set_xlabel("first compliance cue, token")
        if len(axes) > 1:
            axis.set_title(model)
    axes[0][1].set_ylabel("unsafe turning point, token")
    return figure
