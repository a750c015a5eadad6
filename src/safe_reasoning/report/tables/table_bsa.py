"""Table: Beyond Safe Answers, safe responses and reasonings that name the risks."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from safe_reasoning.report import methods as report_methods
from safe_reasoning.report import metrics as report_metrics

CAPTION = """
**Beyond Safe Answers**: safe responses (Safe@1, Safe@k) and reasonings that name the risks of the
request (Think@1, Think@k), in %. At 1: share of samples; at k: requests all of whose k samples are
so. Over scored samples; in brackets divided by the whole benchmark as its authors do, where what is
left out or unscored counts as a failure. The mean over seeds; no F-score. Data: CC BY-NC 4.0.
"""
MEASURES = {"safe": "Safe", "think": "Think"}


def data(metrics: Path, published: Path) -> pd.DataFrame:
    """One row per model, method and scenario; seeds are averaged."""
    frame = report_metrics.read(metrics, "bsa")
    keys = ["model", "method", "scenario", "measure"]
    means = frame.groupby(keys)[["at_1", "at_1_fixed", "at_k", "at_k_fixed"]].mean()
    totals = frame.groupby(keys)[["samples", "prompts", "unscored"]].max()
    scenarios = list(dict.fromkeys(frame["scenario"]))
    rows = []
    for model, methods in report_methods.methods_by_model(frame).items():
        for method in methods:
            for scenario in scenarios:
                of_row = {
                    name: (model, method, scenario, measure)
                    for measure, name in MEASURES.items()
                    if (model, method, scenario, measure) in means.index
                }
                if not of_row:
                    continue
                total = totals.loc[list(of_row.values())].max()
                row = {"model": model, "method": report_methods.label(method), "scenario": scenario}
                row |= {"k": int(total["samples"]), "prompts": int(total["prompts"])}
                for name in MEASURES.values():
                    for place in ("1", "k"):
                        row[f"{name}@{place}"] = (
                            _cell(means.loc[of_row[name]], f"at_{place}") if name in of_row else ""
                        )
                row["unscored"] = int(totals.loc[list(of_row.values()), "unscored"].sum())
                rows.append(row)
    return pd.DataFrame(rows)


def _cell(means: pd.Series, name: str) -> str:
    whole = f"({100 * means[f'{name}_fixed']:.2f})"
    return f"{100 * means[name]:.2f} {whole}" if pd.notna(means[name]) else f"unscored {whole}"
