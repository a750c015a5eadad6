"""Tables about judges, for runs that ask for them: the audit against people, the main result under each judge, agreement of the judges."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from safe_reasoning.figures import style
from safe_reasoning.tables import percent

TABLES = ("table_judge_audit", "table_judges", "table_judge_agreement")
DATA = {"jailbreakbench": "JailbreakBench, harmful", "xstest": "XSTest, complies"}


def _kappa(row: pd.Series) -> str:
    """`0.62 [0.49, 0.73]`; without an interval where there is none."""
    if pd.isna(row["kappa"]):
        return ""
    interval = "" if pd.isna(row["kappa_low"]) else f" [{row['kappa_low']:.2f}, {row['kappa_high']:.2f}]"
    return f"{row['kappa']:.2f}{interval}"


def _agreement(row: pd.Series) -> dict[str, object]:
    return {
        "texts": int(row["texts"]),
        "unscored": int(row["unscored"]),
        "agreement, %": percent(row["agreement"], row["low"], row["high"]),
        "kappa": _kappa(row),
    }


def table_judge_audit(metrics: Path, published: Path) -> pd.DataFrame:
    """Agreement of every judge with people, its errors, and its Brier score where it gives probabilities."""
    rows = []
    for _, row in style.read(metrics, "judge_audit").iterrows():
        people = row["kind"] == "people"
        errors: dict[str, object] = {
            f"{name.replace('_', ' ')}, %": "" if people else percent(row[name], row[f"{name}_low"], row[f"{name}_high"])
            for name in ("false_positive", "false_negative")
        }
        brier = "" if pd.isna(row.get("brier")) else f"{row['brier']:.3f}"
        judge = str(row["judge"]).replace("_", " ")
        names: dict[str, object] = {"people say": DATA[row["data"]], "judge": judge}
        rows.append({**names, **_agreement(row), **errors, "Brier score": brier})
    return pd.DataFrame(rows)


def table_judges(metrics: Path, published: Path) -> pd.DataFrame:
    """The main result under each judge: average harm of both parts and compliance, a row a method and judge."""
    frame = style.main_methods(style.read(metrics, "judge_rates"))
    frame = frame[(frame["role"] == "overrefusal") | (frame["prompt_set"] == "safety_average")]
    rows: dict[tuple[str, str, int, str], dict[str, object]] = {}
    for model in dict.fromkeys(frame["model"]):
        for method in style.ordered(frame.loc[frame["model"] == model, "method"]):
            for row in frame[(frame["model"] == model) & (frame["method"] == method)].itertuples():
                names = {"model": model, "method": style.label(method), "seed": row.seed, "judge": row.judge}
                line = rows.setdefault((model, method, row.seed, row.judge), names)
                heading = f"harmful {row.part}, %" if row.role == "safety" else f"{row.prompt_set} complies, %"
                line[heading] = percent(row.rate, row.low, row.high)
                line["unscored"] = int(str(line.get("unscored", 0))) + row.unscored
    table = pd.DataFrame(list(rows.values())).fillna("")
    first = ["model", "method", "seed", "judge", "harmful reasoning, %", "harmful response, %"]
    rest = [column for column in table.columns if column not in (*first, "unscored")]
    return table.reindex(columns=[*first, *rest, "unscored"])


def table_judge_agreement(metrics: Path, published: Path) -> pd.DataFrame:
    """Agreement of each pair of judges on the run's own texts; of reasoning nobody else has labels."""
    rows = []
    for _, row in style.read(metrics, "judge_agreement").iterrows():
        pair = f"{row['judge']} and {row['other_judge']}".replace("_", " ")
        rows.append({"model": row["model"], "judges": pair, "part": row["part"], "measure": row["measure"], **_agreement(row)})
    return pd.DataFrame(rows)
