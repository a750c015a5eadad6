"""Turning points in stored metrics, as figures and scorecard read them.

Earlier runs counted no control (harmful traces with a safe turning point, safe ones with an unsafe
one) and gave Pearson's r Fisher's interval. Both follow from the table of single traces, which such
a run has: the one place where old and new runs are told apart.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from safe_reasoning.report.claims.estimates import read
from safe_reasoning.stats.correlation import pearson
from safe_reasoning.stats.rates import simple_rate


def turning_point_shares(metrics: Path) -> pd.DataFrame:
    """Shares of traces with a turning point, controls included; in an old run these are given for
    the run's own thresholds alone.
    """
    frame = read(metrics, "turning_point_share")
    points = read(metrics, "turning_points")
    if frame.empty or points.empty or ((frame["outcome"] == "harmful") & (frame["kind"] == "safe")).any():
        return frame
    added = []
    for model, cell in points.groupby("model", sort=False):
        of_model = frame[frame["model"] == model]
        for outcome, kind in (("harmful", "safe"), ("safe", "unsafe")):
            traces = cell.loc[cell["outcome"] == outcome, f"{kind}_turning_point"]
            rate = simple_rate(list(traces.notna()))
            names = {"model": model, "outcome": outcome, "kind": kind, "traces": rate.count}
            settings = {name: of_model[name].iloc[0] for name in ("mu", "eta", "stable_tokens")}
            added.append({**names, "share": rate.value, "low": rate.low, "high": rate.high, **settings})
    return pd.concat([frame, pd.DataFrame(added)[frame.columns]], ignore_index=True)


def cue_correlations(metrics: Path) -> pd.DataFrame:
    """Pearson's r of each detector.

    Of the first detector, whose cues the table of traces holds, it is computed from these.
    """
    frame, points = read(metrics, "cue_correlation"), read(metrics, "turning_points")
    if frame.empty or points.empty:
        return frame
    points = points[points["outcome"] == "harmful"].dropna(subset=["first_cue_token", "unsafe_turning_point"])
    frame = frame.copy()
    for model, rows in frame.groupby("model", sort=False).head(1).groupby("model", sort=False):
        cell = points[points["model"] == model]
        found = pearson(list(cell["first_cue_token"]), list(cell["unsafe_turning_point"]))
        values = (found.r, found.low, found.high, found.p_value, found.count)
        frame.loc[rows.index, ["r", "low", "high", "p_value", "n"]] = values
    return frame
