"""Formatting that the tables share."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from safe_reasoning.core.files import write_bytes
from safe_reasoning.report import methods as report_methods
from safe_reasoning.report import metrics as report_metrics
from safe_reasoning.report.scored import scored_note, with_bounds

SAFETY_PARTS = ("reasoning", "response")


NAME = "model and method"


def percent(value: float, low: float, high: float, sd: float = float("nan")) -> str:
    """`12.3 [10.1, 14.8]` in per cent.

    `12.3 ± 1.9 [8.0, 16.6]` where the standard deviation between seeds is known.
    """
    if pd.isna(value):
        return "unscored"
    spread = "" if pd.isna(sd) else f" ± {100 * sd:.1f}"
    return f"{100 * value:.1f}{spread} [{100 * low:.1f}, {100 * high:.1f}]"


def rate_cells(metrics: Path, table: str = "rates") -> pd.DataFrame:
    """Rates over all seeds, as text.

    `12.3 [10.1, 14.8]`, with several seeds `12.3 ± 1.9 [8.0, 16.6]`; where answers are unscored,
    how many are not and the bounds of the rate follow. A row with fewer prompts than other methods
    have gives its own n.
    """
    frame = with_bounds(report_metrics.read(metrics, table))
    prompts = frame.groupby(["model", "prompt_set"])["prompts"].transform("max")
    frame["cell"] = [
        percent(row["rate"], row["low"], row["high"], row["sd"]) + scored_note(row, of_column)
        for (_, row), of_column in zip(frame.iterrows(), prompts, strict=True)
    ]
    return frame


def pivot(frame: pd.DataFrame, columns: list[tuple[str, str, str, str]]) -> pd.DataFrame:
    """One row per method and before them a row with n: prompts, and samples whether scored or not.

    A column (heading, prompt set, part, measure).
    """
    rows = []
    for model in dict.fromkeys(frame["model"]):
        of_model = frame[frame["model"] == model]
        sizes, seeds = of_model.groupby("prompt_set")[["prompts", "asked"]].max(), of_model["seeds"].max()
        counts = {
            heading: f"n = {sizes.loc[s, 'prompts']} ({sizes.loc[s, 'asked']})"
            for heading, s, _, _ in columns
            if s in sizes.index
        }
        rows.append(
            {NAME: f"{model}: prompts (samples{f' of {seeds} seeds' if seeds > 1 else ''})", **counts}
        )
        for method in report_methods.ordered(of_model["method"]):
            cell = of_model[of_model["method"] == method]
            row = {NAME: f"{model}, {report_methods.label(method)}", "model": model, "method": method}
            for heading, prompt_set, part, measure in columns:
                found = cell[
                    (cell["prompt_set"] == prompt_set) & (cell["part"] == part) & (cell["measure"] == measure)
                ]
                row[heading] = found["cell"].iloc[0] if len(found) else ""
            rows.append(row)
    return pd.DataFrame(rows)


def markdown(frame: pd.DataFrame) -> str:
    """The table as Markdown; empty where there is no value."""
    text = frame.astype(object).map(lambda value: "" if pd.isna(value) else str(value).replace("|", "\\|"))
    lines = [
        " | ".join(text.columns),
        " | ".join("---" for _ in text.columns),
        *(" | ".join(row) for row in text.itertuples(index=False)),
    ]
    return "\n".join(f"| {line} |" for line in lines) + "\n"


def save(frame: pd.DataFrame, stem: Path) -> None:
    """Write stem.csv and stem.md."""
    write_bytes(stem.with_suffix(".csv"), frame.to_csv(index=False, lineterminator="\n").encode())
    write_bytes(stem.with_suffix(".md"), markdown(frame).encode())


def _kappa(row: pd.Series) -> str:
    """`0.62 [0.49, 0.73]`; without an interval where there is none."""
    if pd.isna(row["kappa"]):
        return ""
    interval = "" if pd.isna(row["kappa_low"]) else f" [{row['kappa_low']:.2f}, {row['kappa_high']:.2f}]"
    return f"{row['kappa']:.2f}{interval}"


def agreement_cells(row: pd.Series) -> dict[str, object]:
    """Cells of one comparison of judges: texts, unscored, agreement, kappa."""
    return {
        "texts": int(row["texts"]),
        "unscored": int(row["unscored"]),
        "agreement, %": percent(row["agreement"], row["low"], row["high"]),
        "kappa": _kappa(row),
    }
