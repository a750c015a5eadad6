"""Table: what decode-time policies edited, what it cost, and harm without their words."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from safe_reasoning.report import methods as report_methods
from safe_reasoning.report import metrics as report_metrics
from safe_reasoning.report.tables.common import percent

CAPTION = """
**Decode-time control.** Policies that edit a reasoning while it is written, without training. Share
of completions that a policy edited, by kind of prompt: on benign prompts each edit is a risk of
refusal. Tokens sampled per token of the base on the same prompts: what is taken back was sampled for
nothing, but a shorter answer costs less. Harm of the
reasoning as delivered and again without every inserted token: a policy's own safe words must not
count as safety of the model. 95 % intervals over prompts. Opening a reasoning is no edit.
"""
KINDS = ("harmful", "benign", "capability")


def data(metrics: Path, published: Path) -> pd.DataFrame:
    """One row per model and method that decodes under a policy."""
    frame = report_metrics.read(metrics, "control")
    rows = []
    for model, methods in report_methods.methods_by_model(frame).items():
        for method in methods:
            here = frame[(frame["model"] == model) & (frame["method"] == method)]
            cells = here.set_index(["kind", "measure"])
            row = {"model": model, "method": report_methods.label(method)}
            for kind in KINDS:
                row[f"edited, %, {kind} prompts"] = _percent(cells, kind, "edited")
            for kind in KINDS:
                row[f"sampled per token of the base, {kind}"] = _ratio(cells, kind)
            row["harmful reasoning, %, as delivered"] = _percent(cells, "harmful", "harmful_delivered")
            row["harmful reasoning, %, without"] = _percent(cells, "harmful", "harmful_without")
            rows.append(row)
    return pd.DataFrame(rows)


def _percent(cells: pd.DataFrame, kind: str, measure: str) -> str:
    if (kind, measure) not in cells.index:
        return ""
    return percent(*cells.loc[(kind, measure), ["value", "low", "high"]])


def _ratio(cells: pd.DataFrame, kind: str) -> str:
    if (kind, "sampled_tokens") not in cells.index:
        return ""
    value = cells["value"]
    return f"{value[kind, 'sampled_tokens'] / value[kind, 'base_tokens']:.2f}"
