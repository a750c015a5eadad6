"""Table: how often reasonings hold compliance cues, and which kind."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from safe_reasoning.report import methods as report_methods
from safe_reasoning.report import metrics as report_metrics
from safe_reasoning.report.tables.common import percent

CAPTION = """
**Compliance cues in reasonings on harmful prompts**, by method and cue detector; in the nano world
also by theme. Shares in %: traces that hold a cue; unsafe traces (by their response) that hold one,
of all traces and of the unsafe ones; in the unsafe ones cues by sentences, and the median place of
the first (0: start). Self-jailbreaking (2510.20956) counts sentences that rationalise alone. Means
over seeds; intervals, by prompt, where there is one seed.
"""
SHARES = {
    "with_cue": "hold a cue",
    "instance_rate": "unsafe and hold a cue",
    "of_unsafe": "of unsafe, hold a cue",
}


def data(metrics: Path, published: Path) -> pd.DataFrame:
    """One row per model, method, detector and theme; seeds are averaged."""
    frame = report_metrics.read(metrics, "cue_rates")
    rows = []
    for model, methods in report_methods.methods_by_model(frame).items():
        for method in methods:
            of_method = frame[(frame["model"] == model) & (frame["method"] == method)]
            for (detector, theme), of_row in of_method.groupby(["detector", "theme"], sort=False):
                names = {"model": model, "method": report_methods.label(method)}
                rows.append({**names, "detector": detector, "theme": theme, **_cells(of_row)})
    return pd.DataFrame(rows)


def _cells(seeds: pd.DataFrame) -> dict[str, object]:
    row: dict[str, object] = {name: int(seeds[name].sum()) for name in ("traces", "unsafe", "undetermined")}
    for column, name in SHARES.items():
        row[f"{name}, %"] = _share(seeds, column)
    per_sentence, first = seeds["per_sentence"].mean(), seeds["first_position"].mean()
    row["cues by sentences, %"] = "" if pd.isna(per_sentence) else f"{100 * per_sentence:.2f}"
    row["place of the first"] = "" if pd.isna(first) else f"{first:.2f}"
    return row


def _share(seeds: pd.DataFrame, column: str) -> str:
    if len(seeds) == 1:
        return percent(*(seeds[f"{column}{end}"].iloc[0] for end in ("", "_low", "_high")))
    mean = seeds[column].mean()
    return "unscored" if pd.isna(mean) else f"{100 * mean:.1f}"
