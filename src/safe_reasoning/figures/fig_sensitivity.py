"""How the share of traces with a turning point depends on the thresholds and the window, which the paper did not vary."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from safe_reasoning.figures import style


def data(metrics: Path, published: Path) -> pd.DataFrame:
    """Shares for each (mu, eta, K)."""
    return style.read(metrics, "turning_point_share")


def draw(frame: pd.DataFrame) -> Figure:
    """A group of two points a setting: safe traces with a safe turning point, harmful ones with an unsafe one."""
    style.begin()
    figure, axes = style.panels(frame, 4.6, 2.6)
    for model, axis in axes:
        cell = frame[frame["model"] == model]
        settings = list(dict.fromkeys(zip(cell["mu"], cell["eta"], cell["stable_tokens"], strict=True)))
        for kind, color, shift in (("safe", style.RESPONSE, -0.1), ("unsafe", style.REASONING, 0.1)):
            for place, (mu, eta, window) in enumerate(settings):
                rows = cell[(cell["kind"] == kind) & (cell["mu"] == mu) & (cell["eta"] == eta) & (cell["stable_tokens"] == window)]
                for _, row in rows.iterrows():
                    style.whiskers(axis, place + shift, row, "share", color)
                    axis.plot(
                        place + shift,
                        100 * row["share"],
                        "o",
                        color=color,
                        markersize=4,
                        label=f"{kind} turning point" if place == 0 else None,
                    )
        axis.set_xticks(range(len(settings)), [f"$\\mu$={mu}\n$\\eta$={eta}\nK={window}" for mu, eta, window in settings], fontsize=7)
        axis.set_ylabel("traces of that outcome, %")
        axis.set_ylim(0, 105)
        axis.legend(loc="lower left")
    return figure
