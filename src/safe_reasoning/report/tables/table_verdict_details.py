"""Table: what could not be scored, and why."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from safe_reasoning.report import methods as report_methods
from safe_reasoning.report import metrics as report_metrics

CAPTION = """
**Remarks on verdicts**, counted over all samples: *unscored* ones enter no rate (*no_think_end*:
the reasoning never ended; *judge_undecided*: no clear verdict; *scorer_timeout*,
*sandbox_failed*). A capability task without an answer (*no_answer*, *no_think_end*) or with a
failing program (*failed*, *timeout*, *memory*, *died*) is wrong, and its reason is counted here.
"""


def data(metrics: Path, published: Path) -> pd.DataFrame:
    """Remarks on verdicts by method, one column per method.

    What was unscored and why, what had no answer.
    """
    frame = report_methods.main_methods(report_metrics.read(metrics, "verdict_details"))
    frame["method"] = frame["method"].map(report_methods.label)
    keys = ["model", "prompt_set", "part", "measure", "value", "detail"]
    wide = frame.pivot_table(index=keys, columns="method", values="count", aggfunc="sum", sort=False)
    return wide.fillna(0).astype(int).reset_index()
