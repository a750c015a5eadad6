"""Stored metrics over training seeds, as `over_seeds` made them, or from metrics of one seed that are older than it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from safe_reasoning.errors import UserError

OF_ONE_SEED = {"seeds": "evaluation", "seeds_clean": "evaluation_clean"}  # a table over seeds: the table of each seed's rates
NAN = float("nan")


def over_seeds(metrics: Path, name: str, read: Callable[[Path, str], pd.DataFrame]) -> pd.DataFrame:
    """A stored table over seeds. Metrics from before there was one hold a single seed, whose own rows it then is.

    Args:
        metrics: folder of a run's metrics.
        name: `seeds`, `seeds_clean` or `paired`.
        read: reads a table of the folder; what it does about a missing one is its own.
    """
    frame = read(metrics, name if (metrics / f"{name}.csv").exists() else OF_ONE_SEED.get(name, name))
    if frame.empty or "seeds" in frame:
        return frame
    if frame["seed"].nunique() > 1:
        raise UserError(
            f"{metrics / name}.csv holds several seeds apart, not over seeds: run scripts/summarize_evaluation.py on the run again"
        )
    return frame.drop(columns="seed").assign(sd=NAN, seeds=1, prompt_low=frame["low"], prompt_high=frame["high"])
