"""The paper's tables and ours, as CSV and Markdown, from stored metrics alone. Published values stand beside ours with their marks."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from safe_reasoning.figures import style
from safe_reasoning.records import write_bytes
from safe_reasoning.seed_tables import over_seeds

TABLES = (
    "table1_grpo_rewards",
    "table2_main",
    "table3_ablations",
    "table_base_model",
    "table_clean",
    "table_contamination",
    "table_efficiency",
    "table_pairs",
    "table_sample_count",
    "table_triggers",
    "table_verdict_details",
    "table_steps",
)
SAFETY_PARTS = ("reasoning", "response")
NAME = "model and method"
# The paper's safety sets, for models that were measured on them.
PAPER_SETS = ("jailbreakbench", "strongreject", "wildjailbreak")
PAPER_CAPABILITY = ("aime2024", "math500", "gpqa_diamond", "humaneval")


def percent(value: float, low: float, high: float, sd: float = float("nan")) -> str:
    """`12.3 [10.1, 14.8]` in per cent; `12.3 ± 1.9 [8.0, 16.6]` where the standard deviation between seeds is known."""
    if pd.isna(value):
        return "unscored"
    spread = "" if pd.isna(sd) else f" ± {100 * sd:.1f}"
    return f"{100 * value:.1f}{spread} [{100 * low:.1f}, {100 * high:.1f}]"


def _cells(metrics: Path, table: str = "seeds") -> pd.DataFrame:
    """Rates over all seeds, as text: `12.3 [10.1, 14.8]`, with several seeds `12.3 ± 1.9 [8.0, 16.6]`."""
    frame = over_seeds(metrics, table, style.read)
    frame["cell"] = [percent(r.rate, r.low, r.high, r.sd) for r in frame.itertuples()]
    return frame


def _pivot(frame: pd.DataFrame, columns: list[tuple[str, str, str, str]]) -> pd.DataFrame:
    """A row a method and before them a row with n; a column (heading, prompt set, part, measure)."""
    rows = []
    for model in dict.fromkeys(frame["model"]):
        of_model = frame[frame["model"] == model]
        sizes, seeds = of_model.groupby("prompt_set")[["prompts", "samples"]].max(), of_model["seeds"].max()
        counts = {heading: f"n = {sizes.loc[s, 'prompts']} ({sizes.loc[s, 'samples']})" for heading, s, _, _ in columns if s in sizes.index}
        rows.append({NAME: f"{model}: prompts (samples{f' of {seeds} seeds' if seeds > 1 else ''})", **counts})
        for method in style.ordered(of_model["method"]):
            cell = of_model[of_model["method"] == method]
            row = {NAME: f"{model}, {style.label(method)}", "model": model, "method": method}
            for heading, prompt_set, part, measure in columns:
                found = cell[(cell["prompt_set"] == prompt_set) & (cell["part"] == part) & (cell["measure"] == measure)]
                row[heading] = found["cell"].iloc[0] if len(found) else ""
            rows.append(row)
    return pd.DataFrame(rows)


def _ill_formed(metrics: Path) -> pd.DataFrame:
    """Samples of the safety sets whose reasoning did not end, was empty or ended more than once, by model and method."""
    rates = over_seeds(metrics, "seeds", style.read)
    safety = set(rates.loc[rates["role"] == "safety", "prompt_set"])
    classes = style.read(metrics, "trace_classes")
    classes = classes[classes["prompt_set"].isin(safety)]
    rows = []
    for (model, method), cell in classes.groupby(["model", "method"], sort=False):
        bad, all_of_them = cell.loc[cell["trace_class"] != "complete", "count"].sum(), cell["count"].sum()
        rows.append({"model": model, "method": method, "ill-formed traces": f"{bad} of {all_of_them}"})
    return pd.DataFrame(rows)


def _published_main(published: Path, columns: dict[str, tuple[str, str]]) -> pd.DataFrame:
    """Rows of the paper's Table 2 with their marks; `columns` maps our headings to the paper's (benchmark, part)."""
    frame = style.read_published(published, "table2")
    rows = []
    for (model, method), cell in frame.groupby(["model", "method"], sort=False):
        row = {NAME: f"paper, {model}, {method}"}
        for heading, (benchmark, part) in columns.items():
            found = cell[(cell["benchmark"] == benchmark) & (cell["part"] == part)]
            row[heading] = f"{found['value'].iloc[0]} ({found['mark'].iloc[0]})" if len(found) else ""
        rows.append(row)
    return pd.DataFrame(rows)


def table2_main(metrics: Path, published: Path) -> pd.DataFrame:
    """Main results, %: every safety set by part, their average, compliance, capability, ill-formed traces; then the paper's rows.

    The paper's values are for other models, sets and judges: they stand in the columns that play the same part.
    """
    frame = style.main_methods(_cells(metrics))
    sets = [s for s in dict.fromkeys(frame.loc[frame["role"] == "safety", "prompt_set"]) if s != "safety_average"]
    columns = [(f"{s} {part}", s, part, "harmful") for s in ["safety_average", *sets] for part in SAFETY_PARTS]
    roles = frame[["prompt_set", "role"]].drop_duplicates()
    columns += [(f"{s} complies", s, "response", "complies") for s in roles.loc[roles["role"] == "overrefusal", "prompt_set"]]
    columns += [(f"{s} correct", s, "response", "correct") for s in roles.loc[roles["role"] == "capability", "prompt_set"]]
    ours = _pivot(frame, columns).merge(_ill_formed(metrics), on=["model", "method"], how="left")
    theirs = {f"{s} {part}": (s, part) for s in ("safety_average", *PAPER_SETS) if s in [*sets, "safety_average"] for part in SAFETY_PARTS}
    for heading, prompt_set, _, measure in columns:
        if measure == "complies":
            theirs[heading] = ("xstest", "response")
        elif measure == "correct":
            theirs[heading] = (prompt_set if prompt_set in PAPER_CAPABILITY else "capability_average", "response")
    return pd.concat([ours.drop(columns=["model", "method"]), _published_main(published, theirs)], ignore_index=True).fillna("")


def _published_other(published: Path, item: str) -> pd.DataFrame:
    frame = style.read_published(published, "other").query("item == @item")
    rows = []
    for method, cell in frame.groupby("method", sort=False):
        row = {NAME: f"paper, DS-8B, {method}"}
        for part in SAFETY_PARTS:
            found = [f"{r.series.split('/')[0]} {r.value} ({r.mark})" for r in cell.itertuples() if str(r.series).endswith(part)]
            row[f"harmful {part}, %"] = "; ".join(found)
        rows.append(row)
    return pd.DataFrame(rows)


def _two_parts(metrics: Path, published: Path, methods: list[str], item: str) -> pd.DataFrame:
    """Average harm of both parts for some methods, then the paper's rows of a table."""
    frame = _cells(metrics)
    columns = [(f"harmful {part}, %", "safety_average", part, "harmful") for part in SAFETY_PARTS]
    ours = _pivot(frame[frame["method"].isin(methods)], columns).drop(columns=["model", "method"], errors="ignore")
    return pd.concat([ours, _published_other(published, item)], ignore_index=True).fillna("")


def table1_grpo_rewards(metrics: Path, published: Path) -> pd.DataFrame:
    """GRPO rewarded for the response alone, and for reasoning and response."""
    return _two_parts(metrics, published, ["base", "grpo_y", "grpo_zy"], "table1")


def table3_ablations(metrics: Path, published: Path) -> pd.DataFrame:
    """Cue detector and training algorithm on the intervened pairs."""
    return _two_parts(metrics, published, ["base", "sft", "dpo_full", "ipo", *style.ABLATIONS], "table3")


def table_efficiency(metrics: Path, published: Path) -> pd.DataFrame:
    """Generations, tokens and seconds a method, then the paper's numbers."""
    frame = style.read(metrics, "efficiency").round(1)
    frame["pairs"] = frame["pairs"].astype("Int64")
    frame["method"] = frame["method"].map(style.label)
    rows = []
    for (model, method), cell in (
        style.read_published(published, "other").query("item == 'efficiency'").groupby(["model", "method"], sort=False)
    ):
        row = {"model": f"paper, {model}", "method": method}
        for r in cell.itertuples():
            bound = "at most " if "upper" in r.series else "at least " if "lower" in r.series else ""
            heading = "generations_per_prompt" if r.unit == "count" else "training_seconds"
            row[heading] = f"{bound}{r.value if r.unit == 'count' else 60 * r.value:.0f} ({r.mark})"
        rows.append(row)
    return pd.concat([frame.astype(object), pd.DataFrame(rows)], ignore_index=True).fillna("")


def table_base_model(metrics: Path, published: Path) -> pd.DataFrame:
    """What the untrained model does, beside what the nano world aims at."""
    frame = style.read(metrics, "base_model")
    frame["measured, %"] = [percent(r.rate, r.low, r.high) for r in frame.itertuples()]
    frame["aim, %"] = [
        "" if pd.isna(r.target_low) else f"{100 * r.target_low:.0f} to {100 * r.target_high:.0f}, {'met' if r.met else 'missed'}"
        for r in frame.itertuples()
    ]
    return frame[["model", "measure", "measured, %", "samples", "aim, %"]]


def table_contamination(metrics: Path, published: Path) -> pd.DataFrame:
    """Test prompts that overlap with training prompts, by kind."""
    frame = style.read(metrics, "contamination")
    names = {"ngram13": "13 words in a row", "near_duplicate": "near duplicate", "exact": "same words"}
    return frame.rename(columns={**names, "training_set": "training set", "training_prompts": "its prompts", "prompt_set": "test set"})


def table_clean(metrics: Path, published: Path) -> pd.DataFrame:
    """Average harm of both parts on all test prompts, and without those that overlap with training prompts."""
    tables = {"all prompts": _cells(metrics), "without overlap": _cells(metrics, "seeds_clean")}
    rows: dict[tuple[str, str], dict[str, object]] = {}
    for heading, frame in tables.items():
        for row in style.main_methods(frame[frame["prompt_set"] == "safety_average"]).itertuples():
            line = rows.setdefault((row.model, row.method), {"model": row.model, "method": style.label(row.method), "seeds": row.seeds})
            line[f"harmful {row.part}, %, {heading}"] = row.cell
            line[f"prompts, {heading}"] = row.prompts
    columns = [f"{what}, {heading}" for what in ("harmful reasoning, %", "harmful response, %", "prompts") for heading in tables]
    return pd.DataFrame(list(rows.values())).reindex(columns=["model", "method", "seeds", *columns]).fillna("")


def table_sample_count(metrics: Path, published: Path) -> pd.DataFrame:
    """How the standard error of the average harm, in points, depends on the samples a prompt."""
    if not (metrics / "sample_count.csv").exists():
        return pd.DataFrame(
            {"model": style.read(metrics, "evaluation")["model"].unique(), "method": "not run: metrics from before this was measured"}
        )
    frame = style.main_methods(style.read(metrics, "sample_count"))
    frame = frame[(frame["prompt_set"] == "safety_average") & (frame["measure"] == "harmful")]
    rows = []
    places = [
        (model, method, part) for model, methods in style.methods_by_model(frame).items() for method in methods for part in SAFETY_PARTS
    ]
    for model, method, part in places:
        cell = frame[(frame["model"] == model) & (frame["method"] == method) & (frame["part"] == part)]
        if cell.empty:
            continue
        most = cell.iloc[-1]
        spread = bool((cell["standard_error"] > 0).any())
        errors = {f"{r.samples_a_prompt} a prompt": _points(r.standard_error, spread) for r in cell.itertuples()}
        names = {
            "model": model,
            "method": style.label(method),
            "part": part,
            "prompts": most["prompts"],
            "rate, %": f"{100 * most['rate']:.1f}",
        }
        further = {
            "one more": _points(most["one_more_sample"], spread),
            "as many in new prompts": _points(most["as_many_in_prompts"], spread),
            "endless": _points(most["endless_samples"], spread),
        }
        share = most["within_share"]
        rows.append({**names, **errors, **further, "share of chance in sampling, %": "unknown" if pd.isna(share) else f"{100 * share:.0f}"})
    return pd.DataFrame(rows).fillna("")


def _points(value: float, spread: bool) -> str:
    """An error in points; unknown where all verdicts agree, so that no spread was seen."""
    return f"{100 * value:.2f}" if spread and pd.notna(value) else "unknown"


def table_pairs(metrics: Path, published: Path) -> pd.DataFrame:
    """Where the attempts at pairs ended, then the paper's counts."""
    frame = style.read(metrics, "pairs")
    counts = frame.select_dtypes("number").columns
    frame[counts] = frame[counts].astype("Int64")
    paper = style.read_published(published, "other").query("item == 'pairs'")
    rows = [
        {"model": f"paper, {r.model}", "source": "intervened", "detector": "GPT-4o", "pairs": f"{r.value:.0f} ({r.mark})"}
        for r in paper.itertuples()
    ]
    return pd.concat([frame.astype(object), pd.DataFrame(rows)], ignore_index=True).fillna("")


def table_verdict_details(metrics: Path, published: Path) -> pd.DataFrame:
    """Remarks on verdicts by method, a column a method: what was unscored and why, what had no answer."""
    frame = style.main_methods(style.read(metrics, "verdict_details"))
    frame["method"] = frame["method"].map(style.label)
    keys = ["model", "prompt_set", "part", "measure", "value", "detail"]
    wide = frame.pivot_table(index=keys, columns="method", values="count", aggfunc="sum", sort=False)
    return wide.fillna(0).astype(int).reset_index()


def table_triggers(metrics: Path, published: Path) -> pd.DataFrame:
    """The mined triggers, the picked ones labelled. They are the model's own sentences about safety, which is why they can be shown."""
    frame = style.read(metrics, "triggers")
    frame["safe after it, %"] = [percent(r.safe_share, r.low, r.high) for r in frame.itertuples()]
    return frame[["model", "label", "cluster", "text", "mined", "trials", "safe after it, %"]].fillna("")


def table_steps(metrics: Path, published: Path) -> pd.DataFrame:
    """Generations, tokens and seconds of each step of the run."""
    frame = style.read(metrics, "steps")
    whole = frame[["generations", "generated_tokens", "seconds"]].round().astype("Int64")
    frame[whole.columns] = whole
    return frame


def markdown(frame: pd.DataFrame) -> str:
    """The table as Markdown; empty where there is no value."""
    text = frame.astype(object).map(lambda value: "" if pd.isna(value) else str(value).replace("|", "\\|"))
    lines = [" | ".join(text.columns), " | ".join("---" for _ in text.columns), *(" | ".join(row) for row in text.itertuples(index=False))]
    return "\n".join(f"| {line} |" for line in lines) + "\n"


def save(frame: pd.DataFrame, stem: Path) -> None:
    """Write stem.csv and stem.md."""
    write_bytes(stem.with_suffix(".csv"), frame.to_csv(index=False, lineterminator="\n").encode())
    write_bytes(stem.with_suffix(".md"), markdown(frame).encode())
