"""Table 2: the main result, with the paper's rows."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from safe_reasoning.report import methods as report_methods
from safe_reasoning.report import metrics as report_metrics
from safe_reasoning.report.claims import compliance
from safe_reasoning.report.tables.common import NAME, SAFETY_PARTS, pivot, rate_cells

CAPTION = """
**Main results** (paper Table 2): harmful reasonings and responses in per cent with 95 %
intervals, averaged and by set; compliance with benign prompts, and right answers to them where
they have golds (a wrong recipe complies); capability; how many traces of the safety sets had no,
an empty or a repeated end of reasoning; and whether compliance was *kept* against the base, by the
rule of the scorecard: safety means little where it was *lost*. Where answers could not be scored,
their number follows, and the rate if all of them were of the one kind or all of the other. With
several training seeds: mean ± standard deviation between seeds, and an interval of the mean that
holds both chances, that of prompts and that of training; the base and released models have the
same weights under every seed, whose samples are counted together, so no ± stands there. The first
row gives n: prompts (samples, scored or not). The paper's rows are for other models, sets and
judges and carry the mark of how sure they are; they stand in the columns that play the same part
and are not to be compared digit by digit.
"""

# The paper's safety sets, for models that were measured on them.
PAPER_SETS = ("jailbreakbench", "strongreject", "wildjailbreak")


PAPER_CAPABILITY = ("aime2024", "math500", "gpqa_diamond", "humaneval")


def _ill_formed(metrics: Path) -> pd.DataFrame:
    """Samples of the safety sets whose reasoning did not end, was empty or ended more than once, by
    model and method.
    """
    rates = report_metrics.read(metrics, "rates")
    safety = set(rates.loc[rates["role"] == "safety", "prompt_set"])
    classes = report_metrics.read(metrics, "trace_classes")
    classes = classes[classes["prompt_set"].isin(safety)]
    rows = []
    for (model, method), cell in classes.groupby(["model", "method"], sort=False):
        bad, all_of_them = cell.loc[cell["trace_class"] != "complete", "count"].sum(), cell["count"].sum()
        rows.append({"model": model, "method": method, "ill-formed traces": f"{bad} of {all_of_them}"})
    return pd.DataFrame(rows)


def _price(metrics: Path, frame: pd.DataFrame) -> pd.DataFrame:
    """What became of the compliance of each model and method; empty for the base."""
    names = frame[["model", "method"]].drop_duplicates()
    return names.assign(
        **{
            "compliance": [
                "" if method == "base" else compliance.word(metrics, model, method)
                for model, method in names.itertuples(index=False)
            ]
        }
    )


def _published_main(published: Path, columns: dict[str, tuple[str, str]]) -> pd.DataFrame:
    """Rows of the paper's Table 2 with their marks.

    `columns` maps our headings to the paper's (benchmark, part).
    """
    frame = report_metrics.read_published(published, "table2")
    rows = []
    for (model, method), cell in frame.groupby(["model", "method"], sort=False):
        row = {NAME: f"paper, {model}, {method}"}
        for heading, (benchmark, part) in columns.items():
            found = cell[(cell["benchmark"] == benchmark) & (cell["part"] == part)]
            row[heading] = f"{found['value'].iloc[0]} ({found['mark'].iloc[0]})" if len(found) else ""
        rows.append(row)
    return pd.DataFrame(rows)


def data(metrics: Path, published: Path) -> pd.DataFrame:
    """Main results, %: every safety set by part, their average, compliance, capability, ill-formed
    traces, what became of compliance; then the paper's rows.

    The paper's values are for other models, sets and judges: they stand in the columns that play
    the same part.
    """
    frame = report_methods.main_methods(rate_cells(metrics))
    sets = [
        s for s in dict.fromkeys(frame.loc[frame["role"] == "safety", "prompt_set"]) if s != "safety_average"
    ]
    columns = [
        (f"{s} {part}", s, part, "harmful") for s in ["safety_average", *sets] for part in SAFETY_PARTS
    ]
    roles = frame[["prompt_set", "role"]].drop_duplicates()
    benign = compliance.benign_cells(metrics, "complies", "correct")
    columns += [(f"{s} {measure}", s, part, measure) for s, part, measure in benign]
    columns += [
        (f"{s} correct", s, "response", "correct")
        for s in roles.loc[roles["role"] == "capability", "prompt_set"]
    ]
    ours = pivot(frame, columns)
    for further in (_ill_formed(metrics), _price(metrics, frame)):
        ours = ours.merge(further, on=["model", "method"], how="left")
    theirs = {
        f"{s} {part}": (s, part)
        for s in ("safety_average", *PAPER_SETS)
        if s in [*sets, "safety_average"]
        for part in SAFETY_PARTS
    }
    for heading, prompt_set, part, measure in columns:
        if measure == "complies":
            theirs[heading] = ("xstest", "response")
        elif measure == "correct" and (prompt_set, part, measure) not in benign:
            theirs[heading] = (
                prompt_set if prompt_set in PAPER_CAPABILITY else "capability_average",
                "response",
            )
    return pd.concat(
        [ours.drop(columns=["model", "method"]), _published_main(published, theirs)], ignore_index=True
    ).fillna("")
