"""Table: reflections, exploration of harm, and entropy along reasonings."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from safe_reasoning.report import methods as report_methods
from safe_reasoning.report import metrics as report_metrics

CAPTION = """
**Reflection and entropy**, which the abstract of Beyond SFT names; the measures are ours. Of the
method's own reasonings, by kind of prompt: sentences that speak of safety per 100 tokens; on harmful
prompts the share of sentences that are the first compliance cue or come after it; mean entropy of
the next token in nats, over the tenths of a reasoning; and its change from the base at the same
places of the base's reasonings (0: no change). No intervals: a few traces of each kind, the mean
over seeds.
"""

MEASURES = {
    "reflections_per_100_tokens": ("reflections per 100 tokens", 2),
    "exploring_share": ("at or after a cue, %", 1),
    "entropy": ("entropy, nats", 2),
    "entropy_change": ("change of entropy, nats", 3),
}


def data(metrics: Path, published: Path) -> pd.DataFrame:
    """One row per model, method and kind of prompt; tenths and seeds are averaged."""
    frame = report_metrics.read(metrics, "reflection")
    keys = ["model", "method", "kind"]
    wide = frame.pivot_table(index=keys, columns="measure", values="value", aggfunc="mean", sort=False)
    traces = frame.groupby(keys)["traces"].max()
    kinds = list(dict.fromkeys(frame["kind"]))
    rows = []
    for model, methods in report_methods.methods_by_model(frame).items():
        for method in methods:
            for kind in kinds:
                if (model, method, kind) in wide.index:
                    row = wide.loc[(model, method, kind)]
                    cells = {
                        name: _cell(row, measure, digits) for measure, (name, digits) in MEASURES.items()
                    }
                    names = {"model": model, "method": report_methods.label(method), "prompts": kind}
                    rows.append({**names, "traces": int(traces[model, method, kind]), **cells})
    return pd.DataFrame(rows)


def _cell(row: pd.Series, measure: str, digits: int) -> str:
    value = row.get(measure)
    if value is None or pd.isna(value):
        return ""
    return f"{100 * value if measure.endswith('share') else value:.{digits}f}"
