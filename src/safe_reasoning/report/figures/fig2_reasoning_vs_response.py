"""Paper Fig. 2: harm of reasoning against harm of response for each aligned model, a panel a safety
set.
"""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from safe_reasoning.report import methods as report_methods
from safe_reasoning.report import metrics as report_metrics
from safe_reasoning.report.figures import style

CAPTION = """
**Reasoning against response** (paper Fig. 2). The paper finds that models aligned on their
responses still reason harmfully: RealSafe (DS-7B) has 52.2 % harmful reasoning and 2.4 % harmful
responses on WildJailbreak (A). Measured here: both rates for each method on each safety set.
Circles are reasoning, squares responses, lines 95 % intervals from a bootstrap over prompts; the
grey band between the two is harm that shows in the reasoning alone. With several training seeds
the symbols are means, intervals hold the spread between seeds too, and short strokes are the
seeds. A hollow symbol leaves out more than 5 % of the answers, which could not be scored. n stands
above each panel. Of more than 16 methods only the paper's are drawn.
"""

CROWDED, NEW_LINE = 4, "\n"  # panels side by side from which on titles need three lines


def data(metrics: Path, published: Path) -> pd.DataFrame:
    """Harmful rates of both parts on each safety set."""
    frame = report_metrics.read_rates(metrics)
    # A benchmark of several sets (one under three attacks, say) is shown as one.
    chosen = (
        (frame["role"] == "safety")
        & (frame["measure"] == "harmful")
        & (frame["prompt_set"] != "safety_average")
        & frame["part_of"].isna()
    )
    return report_methods.nameable(report_methods.main_methods(frame[chosen]))


def draw(frame: pd.DataFrame) -> Figure:
    """A pair of points with 95 % intervals for each method.

    The band between them is harm that shows in the reasoning alone.
    """
    style.begin()
    methods_of, sets = report_methods.methods_by_model(frame), list(dict.fromkeys(frame["prompt_set"]))
    heights = [0.26 * len(methods) + 0.9 for methods in methods_of.values()]
    figure, axes = plt.subplots(
        len(methods_of),
        len(sets),
        figsize=(style.PAGE, sum(heights)),
        squeeze=False,
        sharey="row",
        height_ratios=heights,
    )
    for (model, methods), row in zip(methods_of.items(), axes, strict=True):
        for axis, prompt_set in zip(row, sets, strict=True):
            cell = frame[(frame["model"] == model) & (frame["prompt_set"] == prompt_set)]
            for part, color, marker, shift in (
                ("reasoning", style.REASONING, "o", -0.17),
                ("response", style.RESPONSE, "s", 0.17),
            ):
                style.dots_by_method(axis, cell[cell["part"] == part], methods, color, shift, marker)
                axis.plot([], [], marker, color=color, markersize=4, label=part)
            for place, method in enumerate(methods):
                means = cell[cell["method"] == method].groupby("part")["rate"].mean()
                if len(means) == 2:
                    axis.fill_betweenx(
                        [place - 0.17, place + 0.17], *(100 * means), color="#eeeeee", linewidth=0, zorder=0
                    )
            axis.set_title(
                f"{prompt_set.replace('_', ' ')}\n{cell['prompts'].max()} prompts,"
                f"{' ' if len(sets) < CROWDED else NEW_LINE}{cell['samples'].max()} samples"
            )
            axis.set_xlabel("harmful, %")
            style.rates_axis(axis)
        style.method_rows(row, methods, model, several=len(methods_of) > 1)
    style.legend_above(figure, axes[0, 0])
    return figure
