"""The paper's tables and ours, as CSV and Markdown, from stored metrics alone. Published values stand beside ours with their marks."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from safe_reasoning.figures import style
from safe_reasoning.records import write_bytes

TABLES = ("table1_grpo_rewards", "table2_main", "table3_ablations", "table_efficiency", "table_pairs", "table_triggers")
SAFETY_PARTS = ("reasoning", "response")


def percent(row: pd.Series) -> str:
    """`12.3 [10.1, 14.8]` in per cent."""
    if pd.isna(row["rate"]):
        return "unscored"
    return f"{100 * row['rate']:.1f} [{100 * row['low']:.1f}, {100 * row['high']:.1f}]"


def _cells(metrics: Path) -> pd.DataFrame:
    frame = style.read(metrics, "evaluation")
    frame["cell"] = frame.apply(percent, axis=1)
    return frame


def _name(model: str, method: str, seed: int, seeds: int) -> str:
    return f"{model}, {style.label(method)}" + (f", seed {seed}" if seeds > 1 else "")


def _pivot(frame: pd.DataFrame, columns: list[tuple[str, str, str, str]]) -> pd.DataFrame:
    """A row a method, a column (heading, prompt set, part, measure)."""
    seeds = frame["seed"].nunique()
    rows = []
    for model in dict.fromkeys(frame["model"]):
        of_model = frame[frame["model"] == model]
        for method in style.ordered(of_model["method"]):
            for seed, cell in of_model[of_model["method"] == method].groupby("seed"):
                row = {"model and method": _name(model, method, int(str(seed)), seeds)}
                for heading, prompt_set, part, measure in columns:
                    found = cell[(cell["prompt_set"] == prompt_set) & (cell["part"] == part) & (cell["measure"] == measure)]
                    row[heading] = found["cell"].iloc[0] if len(found) else ""
                rows.append(row)
    return pd.DataFrame(rows)


def _published_main(published: Path, columns: dict[str, tuple[str, str]]) -> pd.DataFrame:
    """Rows of the paper's Table 2 with their marks; `columns` maps our headings to the paper's (benchmark, part)."""
    frame = pd.read_csv(published / "table2.csv")
    rows = []
    for (model, method), cell in frame.groupby(["model", "method"], sort=False):
        row = {"model and method": f"paper, {model}, {method}"}
        for heading, (benchmark, part) in columns.items():
            found = cell[(cell["benchmark"] == benchmark) & (cell["part"] == part)]
            row[heading] = f"{found['value'].iloc[0]} ({found['mark'].iloc[0]})" if len(found) else ""
        rows.append(row)
    return pd.DataFrame(rows)


def table2_main(metrics: Path, published: Path) -> pd.DataFrame:
    """Main results: every safety set by part, their average, compliance, capability; then the paper's rows.

    The paper's values are for other models, sets and judges: they stand in the columns that play the same part.
    """
    frame = _cells(metrics)
    frame = frame[frame["method"] != "ipo_lexical"]
    sets = [s for s in dict.fromkeys(frame.loc[frame["role"] == "safety", "prompt_set"]) if s != "safety_average"]
    columns = [(f"{s} {part}", s, part, "harmful") for s in [*sets, "safety_average"] for part in SAFETY_PARTS]
    roles = frame[["prompt_set", "role"]].drop_duplicates()
    columns += [(f"{s} complies", s, "response", "complies") for s in roles.loc[roles["role"] == "overrefusal", "prompt_set"]]
    columns += [(f"{s} correct", s, "response", "correct") for s in roles.loc[roles["role"] == "capability", "prompt_set"]]
    ours = _pivot(frame, columns)
    theirs = {f"safety_average {part}": ("safety_average", part) for part in SAFETY_PARTS}
    for heading, _, _, measure in columns:
        if measure == "complies":
            theirs[heading] = ("xstest", "response")
        elif measure == "correct":
            theirs[heading] = ("capability_average", "response")
    if "jailbreakbench" in sets:
        theirs |= {f"jailbreakbench {part}": ("jailbreakbench", part) for part in SAFETY_PARTS}
    return pd.concat([ours, _published_main(published, theirs)], ignore_index=True).fillna("")


def _published_other(published: Path, item: str) -> list[dict[str, str]]:
    frame = pd.read_csv(published / "other.csv").query("item == @item")
    rows = []
    for method, cell in frame.groupby("method", sort=False):
        row = {"model and method": f"paper, DS-8B, {method}"}
        for part in SAFETY_PARTS:
            found = [f"{r.series.split('/')[0]} {r.value} ({r.mark})" for r in cell.itertuples() if str(r.series).endswith(part)]
            row[f"harmful {part}, %"] = "; ".join(found)
        rows.append(row)
    return rows


def _two_parts(metrics: Path, methods: list[str]) -> pd.DataFrame:
    frame = _cells(metrics)
    columns = [(f"harmful {part}, %", "safety_average", part, "harmful") for part in SAFETY_PARTS]
    return _pivot(frame[frame["method"].isin(methods)], columns)


def table1_grpo_rewards(metrics: Path, published: Path) -> pd.DataFrame:
    """GRPO rewarded for the response alone, and for reasoning and response."""
    ours = _two_parts(metrics, ["base", "grpo_y", "grpo_zy"])
    return pd.concat([ours, pd.DataFrame(_published_other(published, "table1"))], ignore_index=True)


def table3_ablations(metrics: Path, published: Path) -> pd.DataFrame:
    """Cue detector and training algorithm on the intervened pairs."""
    ours = _two_parts(metrics, ["base", "sft", "dpo_full", "ipo", "ipo_lexical"])
    return pd.concat([ours, pd.DataFrame(_published_other(published, "table3"))], ignore_index=True)


def table_efficiency(metrics: Path, published: Path) -> pd.DataFrame:
    """Generations, tokens and seconds a method."""
    frame = style.read(metrics, "efficiency").round(1)
    frame["method"] = frame["method"].map(style.label)
    return frame


def table_pairs(metrics: Path, published: Path) -> pd.DataFrame:
    """Where the attempts at pairs ended."""
    return style.read(metrics, "pairs")


def table_triggers(metrics: Path, published: Path) -> pd.DataFrame:
    """The mined triggers, the picked ones labelled. They are the model's own sentences about safety, which is why they can be shown."""
    frame = style.read(metrics, "triggers")
    frame["safe after it, %"] = [percent(pd.Series({"rate": r.safe_share, "low": r.low, "high": r.high})) for r in frame.itertuples()]
    return frame[["model", "label", "cluster", "text", "mined", "trials", "safe after it, %"]]


def markdown(frame: pd.DataFrame) -> str:
    """The table as Markdown; empty where there is no value."""
    text = frame.map(lambda value: "" if pd.isna(value) else str(value).replace("|", "\\|"))
    lines = [" | ".join(text.columns), " | ".join("---" for _ in text.columns), *(" | ".join(row) for row in text.itertuples(index=False))]
    return "\n".join(f"| {line} |" for line in lines) + "\n"


def save(frame: pd.DataFrame, stem: Path) -> None:
    """Write stem.csv and stem.md."""
    write_bytes(stem.with_suffix(".csv"), frame.to_csv(index=False, lineterminator="\n").encode())
    write_bytes(stem.with_suffix(".md"), markdown(frame).encode())
