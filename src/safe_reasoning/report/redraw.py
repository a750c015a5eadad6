"""Draw every figure and table of a run again from its metrics alone.

In its own folder, or from its archive into a new one. No model, no torch.
"""

from __future__ import annotations

import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from safe_reasoning.report import contents
from safe_reasoning.report.claims import scorecard
from safe_reasoning.report.manifest import write_manifest
from safe_reasoning.report.metrics import require_metrics
from safe_reasoning.report.tables import common
from safe_reasoning.report.write_item import write_item


def redraw(run: Path, published: Path) -> str:
    """Redraw all figures and tables of a run's folder, renew its manifest, and give how many there
    are, in words.

    A run without metrics is a UserError.
    """
    require_metrics(run)
    items = contents.of_metrics(run / "metrics")
    stems = [run / ("figures" if item.is_figure else "tables") / item.name for item in items]
    # Each figure in a process of its own, as in the workflow: ids in an SVG depend on what was
    # drawn before it. They are forks of a process that has imported what all of them need, which
    # takes longer than to draw a figure, and has drawn nothing.
    fresh = multiprocessing.get_context("forkserver")
    fresh.set_forkserver_preload(["safe_reasoning.report.figures.style"])
    with ProcessPoolExecutor(os.cpu_count(), mp_context=fresh, max_tasks_per_child=1) as pool:
        jobs = [
            pool.submit(write_item, stem.name, run / "metrics", published, stem)
            for stem in stems
            if stem.parent.name == "figures"
        ]
        for stem in stems:
            if stem.parent.name == "tables":
                write_item(stem.name, run / "metrics", published, stem)
        for job in jobs:
            job.result()
    common.save(scorecard.score(run / "metrics"), run / "tables" / "claims")
    write_manifest(run, run / "manifest.json")
    figures = sum(item.is_figure for item in items)
    return f"{figures} figures and {len(items) - figures + 1} tables"
