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
the run's setting.
"""

KINDS = {
    "safe": ("safe traces with a safe turning point", style.RESPONSE, "s", -0.17),
    "unsafe": ("harmful traces with an unsafe one", style.REASONING, "o", 0.17),
}


def data(metrics: Path, published: Path) -> pd.DataFrame:
    """Shares for each (mu, eta, K)."""
    return report_metrics.read(metrics, "turning_point_share")


def draw(frame: pd.DataFrame) -> Figure:
    """One row per setting, Wilson intervals; the first row is the setting of the run."""
    style.begin()
    settings = list(dict.fromkeys(zip(frame["mu"], frame["eta"], frame["stable_tokens"], strict=True)))
    figure, axes = style.panels(frame, 0.3 * len(settings) + 1.2)
    for model, axis in axes:
        cell = frame[frame["model"] == model]
        for _, row in cell.iterrows():
            _, color, marker, shift = KINDS[row["kind"]]
            place = settings.index((row["mu"], row["eta"], row["stable_tokens"])) + shift
            style.ci_line(axis, place, row, color=color, horizontal=True)
            axis.plot(
                100 * row["share"],
                place,
                marker,
                color=color,
                markersize=4,
                markeredgewidth=0,
                clip_on=False,
                zorder=4,
            )
        n = cell.groupby("kind")["traces"].max()
        counts = " + ".join(str(n[kind]) for kind in KINDS if kind in n)
        axis.set_title(f"{model}, n = {counts} traces" if len(axes) == 1 else f"{model}\nn = {counts}")
        axis.set_xlim(0, 101)
        axis.grid(axis="x", linewidth=0.4, alpha=0.6)
        axis.set_xlabel("traces, %")
    names = [rf"$\mu$ = {mu:g}, $\eta$ = {eta:g}, K = {window}" for mu, eta, window in settings]
    axes[0][1].set_yticks(
        range(len(settings)), [names[0] + " (run)", *names[1:]] if len(axes) == 1 else names
    )
    axes[0][1].set_ylim(len(settings) - 0.5, -0.5)
    for label, color, marker, _ in KINDS.values():
        axes[0][1].plot([], [], marker, color=color, markersize=4, label=label)
    figure.legend(loc="outside lower center", ncols=1 if len(axes) == 1 else 2, handletextpad=0.1)
    return figure
