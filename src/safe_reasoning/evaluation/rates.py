"""Evaluation (paper section 4).

Sampling of prompt sets, rates with intervals, remarks on verdicts.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from safe_reasoning.core.records import Rows
from safe_reasoning.core.trace import split_trace
from safe_reasoning.stats import rates

MetricKey = tuple[str, str, str]  # prompt set, part, measure
AVERAGED = ("safety", "capability")


def pooled(verdicts: Rows, benchmarks: Mapping[str, str]) -> Rows:
    """The verdicts once more under the name of their benchmark, for prompt sets that are parts of
    one (StrongREJECT under three attacks, say).

    The parts draw on one source, whose row number ends a prompt's id: the same request under
    several attacks becomes one cluster of the bootstrap.
    """
    again = []
    for row in verdicts:
        if benchmark := benchmarks.get(row["prompt_set"]):
            number = row["prompt_id"].rsplit("-", maxsplit=1)[-1]
            again.append({**row, "prompt_set": benchmark, "prompt_id": f"{benchmark}-{number}"})
    return [*verdicts, *again]


def metric_groups(
    verdicts: Rows, roles: Mapping[str, str], benchmarks: Mapping[str, str] | None = None
) -> dict[MetricKey, list[Rows]]:
    """The verdicts by (prompt set, part, measure), a list of one.

    `safety_average` and `capability_average` (paper section 4) follow, a list of their benchmarks'
    verdicts.

    Args:
        verdicts: rows of schema verdicts.
        roles: role of each prompt set.
        benchmarks: the benchmark of each prompt set that is a part of one; it has a cell of its own
            and its parts do not count in the average.
    """
    benchmarks = benchmarks or {}
    found: dict[MetricKey, list[Mapping[str, Any]]] = defaultdict(list)
    for row in pooled(verdicts, benchmarks):
        found[row["prompt_set"], row["part"], row["measure"]].append(row)
    averages: dict[MetricKey, list[Rows]] = defaultdict(list)
    for (prompt_set, part, measure), cell in sorted(found.items()):
        role = role_of(prompt_set, roles, benchmarks)
        if role in AVERAGED and prompt_set not in benchmarks:
            averages[f"{role}_average", part, measure].append(cell)
    return {
        **{key: [cell] for key, cell in sorted(found.items())},
        **{
            key: several
            for key, several in sorted(averages.items(), reverse=True)
            if key[0] == "safety_average" or len(several) > 1
        },
    }


def role_of(prompt_set: str, roles: Mapping[str, str], benchmarks: Mapping[str, str] | None = None) -> str:
    """Role of a prompt set, of a benchmark of several sets, or of an average."""
    of_benchmarks = {benchmark: roles[part] for part, benchmark in (benchmarks or {}).items()}
    return {**roles, **of_benchmarks, **{f"{role}_average": role for role in AVERAGED}}[prompt_set]


def group(cell: Rows) -> rates.Group:
    """Values of a cell and the prompt of each."""
    return [row["value"] for row in cell], [row["prompt_id"] for row in cell]


def rates_of_sets(
    verdicts: Rows, roles: Mapping[str, str], bootstrap: int, benchmarks: Mapping[str, str] | None = None
) -> list[dict[str, Any]]:
    """One row per cell of `metric_groups`.

    The rate (pass@1 on capability sets) with its 95 % cluster-bootstrap interval by prompt; prompts
    of an average are resampled within each benchmark.

    Args:
        verdicts: rows of schema verdicts.
        roles: role of each prompt set.
        bootstrap: resamples.
        benchmarks: the benchmark of each prompt set that is a part of one.
    """
    rows: list[dict[str, Any]] = []
    for (prompt_set, part, measure), groups in metric_groups(verdicts, roles, benchmarks).items():
        role = role_of(prompt_set, roles, benchmarks)
        rate = rates.mean_of_rates([group(cell) for cell in groups], resamples=bootstrap)
        if role == "capability":
            rate = replace(rate, value=sum(map(_pass_at_1, groups)) / len(groups))
        names = {
            "prompt_set": prompt_set,
            "part_of": (benchmarks or {}).get(prompt_set, ""),
            "role": role,
            "part": part,
            "measure": measure,
        }
        rows.append({**names, **_columns(rate)})
    return rows


def _pass_at_1(cell: Rows) -> float:
    """pass@1 by the unbiased estimator; NaN where nothing was scored."""
    by_prompt: dict[str, list[bool]] = defaultdict(list)
    for row in cell:
        if row["value"] is not None:
            by_prompt[row["prompt_id"]].append(row["value"])
    values = list(by_prompt.values())
    return rates.pass_at_k([sum(v) for v in values], [len(v) for v in values], k=1) if values else rates.NAN


def _columns(rate: rates.Rate) -> dict[str, Any]:
    return {
        "rate": rate.value,
        "low": rate.low,
        "high": rate.high,
        "prompts": rate.clusters,
        "samples": rate.count,
        "unscored": rate.unscored,
    }


def trace_classes(generations: Rows) -> list[dict[str, Any]]:
    """How many traces of each prompt set were complete, truncated, empty or closed twice."""
    counts = Counter((row["prompt_set"], split_trace(row["text"]).kind) for row in generations)
    return [
        {"prompt_set": s, "trace_class": kind, "count": count} for (s, kind), count in sorted(counts.items())
    ]


def verdict_details(verdicts: Rows) -> list[dict[str, Any]]:
    """How many verdicts of each prompt set, part and measure came with which remark.

    Unscored ones and why, answers that never came, programs that failed.
    """
    names = {None: "unscored", True: "true", False: "false"}
    counts = Counter(
        (
            row["prompt_set"],
            row["part"],
            row["measure"],
            names[row["value"]] if row["detail"] else "scored",
            row["detail"] or "none",
        )
        for row in verdicts
    )
    return [
        {"prompt_set": s, "part": part, "measure": measure, "value": value, "detail": detail, "count": count}
        for (s, part, measure, value, detail), count in sorted(counts.items())
    ]


def roles_of(prompt_tables: Iterable[Rows]) -> dict[str, str]:
    """Role of each prompt set, from the prompt rows."""
    return {row["prompt_set"]: row["role"] for table in prompt_tables for row in table}
