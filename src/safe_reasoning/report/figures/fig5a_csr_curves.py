"""Paper Fig. 5a: the continuation safety ratio along single traces, with turning points and trigger
sentences.
"""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from safe_reasoning.report import metrics as report_metrics
from safe_reasoning.report.figures import style

CAPTION = """
**Safety is settled in a few places** (paper Fig. 5a). The paper finds that the continuation
safety ratio (CSR) jumps at single sentences. To measure it, cut a reasoning after each token, let
the model finish it many times, and count how often the whole comes out safe. Solid lines are
turning points, from which the ratio stays high (safe traces) or low (harmful traces); the yellow
sentence holds the turning point and is called a safety trigger; the dotted line is the first
compliance cue. Bands are 95 % intervals over the continuations of one prefix, whose number stands
below. Neighbouring prefixes share continuations, so a curve is smoother than its bands suggest.
Shown are the first three traces of each outcome in the order of the file, not chosen ones.
"""

SHOWN = 3  # traces of each outcome
TRIGGER = "#f0e442"


def data(metrics: Path, published: Path) -> pd.DataFrame:
    """Curves of the first traces of each outcome (in the order of the files, not chosen), with
    their turning points.
    """
    points = report_metrics.read(metrics, "turning_points")
    chosen = points.groupby(["model", "outcome"], sort=False).head(SHOWN)
    keep = [
        "model",
        "trace",
        "safe_turning_point",
        "unsafe_turning_point",
        "first_cue_token",
        "trigger_start",
        "trigger_end",
    ]
    return report_metrics.read(metrics, "csr_curves").merge(chosen[keep], on=["model", "trace"])


def _mark(axis: Axes, x: float, text: str, dashes: str, height: float) -> None:
    """A vertical line with its name next to it, on the side where there is room."""
    axis.axvline(x, color="black", linewidth=0.9, linestyle=dashes)
    left = x > 0.55 * axis.get_xlim()[1]
    axis.annotate(
        text,
        (x, height),
        xytext=(-3 if left else 3, 0),
        textcoords="offset points",
        ha="right" if left else "left",
        va="center",
        fontsize=7,
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 0.6},
    )


def _curve(axis: Axes, trace: pd.DataFrame) -> None:
    """One trace: band and line of the ratio, turning point, first cue, trigger sentence."""
    first, safe = trace.iloc[0], trace["outcome"].iloc[0] == "safe"
    color = style.RESPONSE if safe else style.REASONING
    axis.set_xlim(-1, trace["prefix_tokens"].max() + 1)
    axis.set_ylim(-5, 105)
    axis.fill_between(
        trace["prefix_tokens"], 100 * trace["low"], 100 * trace["high"], color=color, alpha=0.2, linewidth=0
    )
    axis.plot(trace["prefix_tokens"], 100 * trace["csr"], color=color, linewidth=1.2)
    if safe and pd.notna(first["trigger_start"]):
        axis.axvspan(
            first["trigger_start"], first["trigger_end"], color=TRIGGER, alpha=0.45, linewidth=0, zorder=0
        )
        start, end = first["trigger_start"], first["trigger_end"]
        # Keep off the line of the turning point
        room_left = first["safe_turning_point"] > (start + end) / 2
        axis.text(
            start + 0.5 if room_left else end - 0.5,
            1,
            "trigger",
            ha="left" if room_left else "right",
            va="bottom",
            fontsize=7,
        )
    point = first["safe_turning_point"] if safe else first["unsafe_turning_point"]
    if pd.notna(point):
        _mark(axis, point, "turning point", "-", 50 if safe else 80)
    if pd.notna(first["first_cue_token"]):
        _mark(axis, first["first_cue_token"], "first cue", ":", 62)


def draw(frame: pd.DataFrame) -> Figure:
    """One row per outcome, one column per trace.

    Bands are 95 % intervals over the continuations of one prefix.
    """
    style.begin()
    models = list(dict.fromkeys(frame["model"]))
    rows = [
        (m, o)
        for m in models
        for o in ("safe", "harmful")
        if ((frame["model"] == m) & (frame["outcome"] == o)).any()
    ]
    figure, axes = plt.subplots(
        len(rows), SHOWN, figsize=(style.PAGE, 1.5 * len(rows) + 0.2), squeeze=False, sharey=True
    )
    for (model, outcome), line in zip(rows, axes, strict=True):
        traces = frame[(frame["model"] == model) & (frame["outcome"] == outcome)].groupby("trace", sort=False)
        for axis in line[len(traces) :]:
            axis.set_axis_off()
        for axis, (_, trace) in zip(line, traces, strict=False):
            _curve(axis, trace)
        line[0].set_ylabel(f"{outcome} traces" + (f"\n{model}" if len(models) > 1 else "") + "\nCSR, %")
    n = " / ".join(
        dict.fromkeys(str(int(frame.loc[frame["model"] == m, "continuations"].max())) for m in models)
    )
    figure.supxlabel(
        f"reasoning tokens kept; {n} continuations after each"
        + ("" if len(models) > 1 else f" ({models[0]})"),
        fontsize=9,
    )
    return figure
