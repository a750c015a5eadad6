"""Paper Fig. 7: token-wise KL of the aligned models from their base over harmful traces."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from safe_reasoning.report import methods
from safe_reasoning.report import metrics as report_metrics
from safe_reasoning.report.figures import style
from safe_reasoning.report.metrics import reached

CAPTION = """
**Where the aligned models depart from the base** (paper Fig. 7). The paper has IPO's token-wise
KL peak at 1.75 nats near token 50 (A), SFT-aligned models below 0.5 (A). Measured here: KL of
each aligned model from its base at each reasoning token, both reading the base model's own
harmful traces; bands are 95 % intervals over traces; with several training seeds lines and bands
are means over them, and the spread between seeds is not in the bands. Positions that fewer than
half of the traces reach are left out. Token positions of models that reason at different length
are not comparable. Of more than 16 methods the paper's alone are drawn.
"""

HEIGHT = 3.0


def data(metrics: Path, published: Path) -> pd.DataFrame:
    """KL by position where at least half of the traces go on."""
    return methods.nameable(methods.main_methods(reached(report_metrics.read(metrics, "kl"))))


def draw(frame: pd.DataFrame) -> Figure:
    """One line per method with its 95 % band, named at its right end; IPO is drawn thickest."""
    style.begin()
    figure, axes = style.panels(frame, HEIGHT, single=style.PAGE)
    for model, axis in axes:
        cell, labels = frame[frame["model"] == model], []
        for method in methods.ordered(cell["method"]):
            mean = cell[cell["method"] == method].groupby("position")[["kl", "low", "high"]].mean()
            look = style.line(method)
            axis.fill_between(
                mean.index, mean["low"], mean["high"], color=look["color"], alpha=0.12, linewidth=0
            )
            axis.plot(mean.index, mean["kl"], linewidth=2.0 if method.startswith("ipo") else 1.1, **look)
            labels.append(
                (
                    method,
                    float(mean["kl"].iloc[-1]),
                    look["color"],
                    float(mean["kl"].max()),
                    int(mean["kl"].idxmax()),
                )
            )
        last = cell["position"].max()
        axis.set_xlim(0, last)
        axis.set_xlabel("reasoning token")
        wide, n = len(axes) == 1, int(cell["traces"].max())
        axis.set_title(
            f"{model}, n = {n} harmful traces of the base" if wide else f"{model}\nn = {n} harmful traces",
            loc="left",
        )
        names = [
            (end, f"{methods.label(m)} (peak {peak:.2f} at {at})" if wide else methods.label(m), color)
            for m, end, color, peak, at in labels
        ]
        if wide:
            axis.set_ylim(bottom=0)
            style.end_labels(axis, 0.78 * HEIGHT, names, last)
    if len(axes) > 1:
        for method in methods.ordered(frame["method"]):
            axes[0][1].plot([], [], label=methods.label(method), **style.line(method))
        figure.legend(loc="outside lower center", ncols=4)
    axes[0][1].set_ylim(bottom=0)  # of all panels, once all are drawn
    axes[0][1].set_ylabel("KL(aligned || base), nats")
    return figure
