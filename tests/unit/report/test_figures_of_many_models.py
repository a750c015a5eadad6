"""The stored runs of five bases and of many methods, drawn: nothing lies outside its panel, no title
over another.
"""

from importlib import import_module
from itertools import combinations

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure

from tests.support.paths import PUBLISHED, ROOT

STORED = sorted(
    (run, path.stem)
    for run in ("demo_replicates", "compare")
    for path in (ROOT / "results/reference" / run / "figures").glob("*.svg")
)


def drawn(run: str, name: str) -> Figure:
    module = import_module(f"safe_reasoning.report.figures.{name}")
    metrics = ROOT / "results/reference" / run / "metrics"
    figure: Figure = module.draw(module.data(metrics, PUBLISHED))
    figure.canvas.draw()
    return figure


def cut_off(figure: Figure) -> list[str]:
    """Values of lines that their panel's axis leaves out; names of lines are outside on purpose."""
    found = []
    for number, axis in enumerate(figure.axes):
        low, high = sorted(axis.get_ylim())
        for line in axis.lines:
            if line.get_transform().contains_branch(axis.transData) and line.get_clip_on():
                values = np.asarray(line.get_ydata(), float)
                found += [f"{number}: {y:.1f}" for y in values if y < low - 1e-9 or y > high + 1e-9]
    return found


def test_the_run_has_its_figures():
    of_bases = {name for run, name in STORED if run == "demo_replicates"}
    assert {"fig_over_bases", "fig_harm_against_help", "fig7_kl"} <= of_bases
    assert {("compare", "fig_field"), ("compare", "fig_judge_ranks")} <= set(STORED)


@pytest.mark.long
@pytest.mark.parametrize(("run", "name"), STORED)
def test_nothing_is_cut_off_and_no_title_lies_over_another(run: str, name: str):
    figure = drawn(run, name)
    assert not cut_off(figure)
    boxes = [
        title.get_window_extent()
        for axis in figure.axes
        for title in (axis.title, axis._left_title)  # type: ignore[attr-defined]
        if title.get_text()
    ]
    assert not [1 for one, other in combinations(boxes, 2) if one.overlaps(other)]
    width = figure.bbox.width
    assert all(box.x0 >= 0 and box.x1 <= width + 1 for box in boxes)
    plt.close(figure)
