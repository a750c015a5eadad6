"""Table: candidate safety triggers and their measured effect."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from safe_reasoning.report import metrics as report_metrics
from safe_reasoning.report.tables.common import percent

CAPTION = """
**Safety triggers**: sentences mined at safe turning points, how often the reasoning came out safe
after each on trial traces (95 % Wilson intervals), and which were picked (labelled T1, T2, ...).
A picked trigger's share is the highest of its cluster's candidates on the very trials that picked
it, so chance flatters it, and its interval does not know. The curve of interventions measures the
same triggers on other traces, without that. *Unscored* trials, such as reasoning that did not end,
are not among the trials. The sentences are harmless and shown in full.
"""


def data(metrics: Path, published: Path) -> pd.DataFrame:
    """The mined triggers, the picked ones labelled.

    They are the model's own sentences about safety, which is why they can be shown.
    """
    frame = report_metrics.read(metrics, "triggers")
    frame["safe after it, %"] = [percent(r.safe_share, r.low, r.high) for r in frame.itertuples()]
    columns = ["model", "label", "cluster", "text", "occurrences", "trials", "unscored", "safe after it, %"]
    return frame[columns].fillna("")
