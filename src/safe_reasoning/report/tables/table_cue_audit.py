"""Table: cue detectors compared with sentences that a model has labelled."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from safe_reasoning.report import metrics as report_metrics
from safe_reasoning.report.tables.common import agreement_cells, percent

CAPTION = """
**Cue detectors against labels of rationalising sentences** (self-jailbreaking, 2510.20956). The
labels are GPT-5's, not people's; only unsafe traces were labelled. By sentence: agreement, kappa,
*false positives* and *false negatives*, with 95 % intervals over traces. Of the traces with a label
those in which the detector sees a cue, of those without one likewise; where both see one, how often
the first is the same sentence, or within one. A detector of the paper's wider cue must have false
positives here.
"""
SHARES = {
    "found": "traces with a label, cue seen",
    "found_without": "traces without, cue seen",
    "first_exact": "first in one place",
    "first_within_one": "within one sentence",
}


def data(metrics: Path, published: Path) -> pd.DataFrame:
    """One row per annotation file and detector."""
    frame = report_metrics.read(metrics, "cue_audit")
    rows = []
    for _, row in frame[frame["detector"] != "labels"].iterrows():
        names: dict[str, object] = {"labels of": row["source"], "detector": row["detector"]}
        names |= {"traces": int(row["traces"]), "undetermined": int(row["undetermined"])}
        cells = agreement_cells(row)
        names |= {"sentences": cells.pop("texts"), **cells}
        for name in ("false_positive", "false_negative"):
            cell = percent(row[name], row[f"{name}_low"], row[f"{name}_high"])
            names[f"{name.replace('_', ' ')}, %"] = cell
        for column, name in SHARES.items():
            names[f"{name}, %"] = "" if pd.isna(row[column]) else f"{100 * row[column]:.1f}"
        rows.append(names)
    return pd.DataFrame(rows)
