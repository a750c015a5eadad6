"""How the share of traces with a turning point depends on the thresholds and the window, which the
paper did not vary.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from safe_reasoning.report import metrics as report_metrics
from safe_reasoning.report.figures import style

CAPTION = """
**Do the thresholds matter?** The paper fixes the thresholds mu and eta and the window of K tokens
and does not vary them. Measured here: the share of traces with a turning point when one of them
changes, with 95 % Wilson intervals; n (safe plus harmful traces) stands above. The first row is
the run's setting. A safe trace ends with a ratio of 1, so that it has a safe turning point is
nearly forced. What counts is the control, in open marks: how many harmful traces have a safe turning
point too, and how many safe ones an unsafe one. Runs made before it was counted have it for their
own setting alone.
"""

# (outcome, kind): label, colour, marker, filled, shift
KINDS = {
    ("safe", "safe"): ("safe traces with a safe turning point", style.RESPONSE, "s", True, -0.27),
    ("harmful", "safe"): ("control: harmful traces with one", style.RESPONSE, "s", False, -0.09),
    ("harmful", "unsafe"): ("harmful traces with an unsafe one", style.REASONING, "o", True, 0.09),
    ("safe", "unsafe"): ("control: safe traces with one", style.REASONING, "o", False, 0.27),
}


def data(metrics: Path, published: Path) -> pd.DataFrame:
    """Shares for each (mu, eta, K), and their controls."""
    return report_metrics.read(metrics, "turning_point_share")


def draw(frame: pd.DataFrame) -> Figure:
    """One row per setting, Wilson intervals; the first row is the setting of the run."""
    style.begin()
    settings = list(dict.fromkeys(zip(frame["mu"], frame["eta"], frame["stable_tokens"], strict=True)))
    figure, axes = style.panels(frame, 0.42 * len(settings) + 1.4)
    for model, axis in axes:
        cell = frame[frame["model"] == model]
        for _, row in cell.iterrows():
            _, color, marker, filled, shift = KINDS[row["outcome"], row["kind"]]
            place = settings.index((row["mu"], row["eta"], row["stable_tokens"])) + shift
            style.ci_line(axis, place, row, color=color, horizontal=True)
            axis.plot(
                100 * row["share"],
                place,
                marker,
                color=color,
                markersize=4,
                markeredgewidth=0 if filled else 0.9,
                markerfacecolor=color if filled else "white",
                clip_on=False,
                zorder=4,
            )
        n = cell.groupby("outcome")["traces"].max()
        counts = " + ".join(str(n[outcome]) for outcome in ("safe", "harmful") if outcome in n)
        axis.set_title(f"{model}, n = {counts}" if len(axes) == 1 else f"{model}\nn = {counts}")
        axis.set_xlim(0, 101)
        axis.grid(axis="x", linewidth=0.4, alpha=0.6)
        axis.set_xlabel("traces, %")
    names = [rf"$\mu$ = {mu:g}, $\eta$ = {eta:g}, K = {window}" for mu, eta, window in settings]
    axes[0][1].set_yticks(
        range(len(settings)), [names[0] + " (run)", *names[1:]] if len(axes) == 1 else names
    )
    axes[0][1].set_ylim(len(settings) - 0.5, -0.5)
    for label, color, marker, filled, _ in KINDS.values():
        inside = color if filled else "white"
        axes[0][1].plot([], [], marker, color=color, markersize=4, markerfacecolor=inside, label=label)
    figure.legend(loc="outside lower center", ncols=1 if len(axes) == 1 else 2, handletextpad=0.1)
    return figure
