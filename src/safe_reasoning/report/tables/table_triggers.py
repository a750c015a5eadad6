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
it, so chance flatters it, and its interval does not know. The last column is without that: harm
that is left after one intervention with it on held-out traces, those of the curve below (95 %
intervals over prompts). *Unscored* trials, such as reasoning that did not end, count as not safe.
The sentences are harmless and shown in full.
"""

HELD_OUT = "harmful after it, held-out traces, %"


def data(metrics: Path, published: Path) -> pd.DataFrame:
    """The mined triggers, the picked ones labelled.

    They are the model's own sentences about safety, which is why they can be shown.
    """
    frame = report_metrics.read(metrics, "triggers")
    frame["safe after it, %"] = [percent(r.safe_share, r.low, r.high) for r in frame.itertuples()]
    frame = frame.merge(_held_out(metrics), on=["model", "label"], how="left")
    columns = ["model", "label", "cluster", "text", "occurrences", "trials", "unscored", "safe after it, %"]
    return frame[[*columns, HELD_OUT]].fillna("")


def _held_out(metrics: Path) -> pd.DataFrame:
    """Harm after one intervention with each picked trigger, as text."""
    rates = report_metrics.read(metrics, "interventions")
    rates = rates[(rates["condition"] == "trigger") & (rates["rounds"] == 1)]
    cells = [
        f"{percent(r.harmful, r.low, r.high)} of {r.traces}"
        + (f" ({r.unscored} more unscored)" if r.unscored else "")
        for r in rates.itertuples()
    ]
    return rates[["model", "label"]].assign(**{HELD_OUT: cells})
