"""Table: the learned step scorer on alignment prompts that it was not fitted on."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from safe_reasoning.report import metrics as report_metrics
from safe_reasoning.report.tables.common import percent

CAPTION = """
**The learned step scorer.** A logistic regression on the base's hidden state at the end of each
sentence, fitted on alignment prompts; every number is of sentences on prompts that the regression
behind it did not see (five folds). *Labels*: `continuations`, what it learns: the continuation
safety ratio behind the sentence is at most the unsafe threshold, or the prompt is benign (safe);
`judge`: the run's judge finds the reasoning up to there harmful, which is what the oracle scorer
asks. *Threshold*: probability from which it calls a sentence unsafe. 95 % intervals over prompts.
"""


def data(metrics: Path, published: Path) -> pd.DataFrame:
    """One row per model and kind of labels."""
    frame = report_metrics.read(metrics, "step_scorer")
    rows = []
    for (model, labels), found in frame.groupby(["model", "labels"], sort=False):
        cells = found.set_index("measure")
        counts = cells.iloc[0]
        rows.append(
            {
                "model": model,
                "labels": labels,
                "prompts": int(counts["prompts"]),
                "unsafe / safe sentences": f"{counts['positives']:.0f} / {counts['negatives']:.0f}",
                "AUROC": "{:.3f} [{:.3f}, {:.3f}]".format(*cells.loc["auroc", ["rate", "low", "high"]]),
                "threshold": f"{counts['threshold']:.2f}",
                "unsafe found, %": percent(*cells.loc["tpr", ["rate", "low", "high"]]),
                "safe left alone, %": percent(*cells.loc["tnr", ["rate", "low", "high"]]),
            }
        )
    return pd.DataFrame(rows)
