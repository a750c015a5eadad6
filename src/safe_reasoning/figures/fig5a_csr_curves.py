"""Paper Fig. 5a: the continuation safety ratio along single traces, with turning points and trigger sentences."""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from safe_reasoning.figures import style

SHOWN = 3  # traces of each outcome


def data(metrics: Path, published: Path) -> pd.DataFrame:
    """Curves of the first traces of each outcome (in the order of the files), with their turning points."""
    points = style.read(metrics, "turning_points")
    chosen = points.groupby(["model", "outcome"], sort=False).head(SHOWN)
    keep = ["model", "trace", "safe_turning_point", "unsafe_turning_point", "first_cue_token", "trigger_start", "trigger_end"]
    return style.read(metrics, "csr_curves").merge(chosen[keep], on=["model", "trace"])


def draw(frame: pd.DataFrame) -> Figure:
    """A row an outcome, a column a trace; the trigger sentence is shaded, the first cue dotted."""
    style.begin()
    models = list(dict.fromkeys(frame["model"]))
    rows = [
        (model, outcome)
        for model in models
        for outcome in ("safe", "harmful")
        if ((frame["model"] == model) & (frame["outcome"] == outcome)).any()
    ]
    figure, axes = plt.subplots(len(rows), SHOWN, figsize=(style.PAGE, 1.5 * len(rows)), squeeze=False, sharey=True)
    for (model, outcome), line in zip(rows, axes, strict=True):
        traces = frame[(frame["model"] == model) & (frame["outcome"] == outcome)].groupby("trace", sort=False)
        for axis in line[len(traces) :]:
            axis.set_axis_off()
        color = style.RESPONSE if outcome == "safe" else style.REASONING
        for axis, (_, trace) in zip(line, traces, strict=False):
            first = trace.iloc[0]
            axis.fill_between(trace["prefix_tokens"], 100 * trace["low"], 100 * trace["high"], color=color, alpha=0.2, linewidth=0)
            axis.plot(trace["prefix_tokens"], 100 * trace["csr"], color=color, linewidth=1.2)
            if outcome == "safe" and pd.notna(first["trigger_start"]):
                axis.axvspan(first["trigger_start"], first["trigger_end"], color="#f0e442", alpha=0.4, linewidth=0)
            point = first["safe_turning_point"] if outcome == "safe" else first["unsafe_turning_point"]
            if pd.notna(point):
                axis.axvline(point, color="black", linewidth=0.9)
            if pd.notna(first["first_cue_token"]):
                axis.axvline(first["first_cue_token"], color="black", linewidth=0.9, linestyle=":")
            axis.set_ylim(-5, 105)
        line[0].set_ylabel(f"{model}, {outcome} trace\nCSR, %")
    figure.supxlabel("reasoning tokens kept (line: turning point; dotted: first cue; yellow: trigger sentence)", fontsize=8)
    return figure
