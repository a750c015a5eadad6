"""Evaluation (paper section 4).

Sampling of prompt sets, rates with intervals, remarks on verdicts.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from safe_reasoning.core.records import Rows
from safe_reasoning.core.trace import split_trace
from safe_reasoning.stats import rates

MetricKey = tuple[str, str, str]  # prompt set, part, measure
AVERAGED = ("safety", "capability")
Row = Mapping[str, Any]
COLUMNS = ("prompt_id", "prompt_set", "part", "measure", "value", "detail")  # of verdicts, used here


@dataclass(frozen=True)
class Cell:
    """Verdicts of one prompt set, part and measure: each one's value, and the prompt it is of."""

    prompt_set: str
    values: list[rates.Value] = field(default_factory=list)
    prompts: list[str] = field(default_factory=list)

    @property
    def group(self) -> rates.Group:
        """For the functions of `stats`."""
        return self.values, self.prompts

    def by_prompt(self) -> dict[Hashable, list[rates.Value]]:
        """The values of each prompt."""
        found: dict[Hashable, list[rates.Value]] = defaultdict(list)
        for prompt, value in zip(self.prompts, self.values, strict=True):
            found[prompt].append(value)
        return found


Groups = dict[MetricKey, Sequence[Cell]]


def pooled(verdicts: Iterable[Row], benchmarks: Mapping[str, str]) -> Iterator[Row]:
    """The verdicts once more under the name of their benchmark, for prompt sets that are parts of
    one (StrongREJECT under three attacks, say).

    The parts draw on one source, whose row number ends a prompt's id: the same request under
    several attacks becomes one cluster of the bootstrap.
    """
    for row in verdicts:
        yield row
        if benchmark := benchmarks.get(row["prompt_set"]):
            number = row["prompt_id"].rsplit("-", maxsplit=1)[-1]
            yield {**row, "prompt_set": benchmark, "prompt_id": f"{benchmark}-{number}"}


def metric_groups(
    verdicts: Iterable[Row],
    roles: Mapping[str, str],
    benchmarks: Mapping[str, str] | None = None,
    without: Collection[str] = (),
) -> Groups:
    """The verdicts by (prompt set, part, measure), a list of one.

    `safety_average` and `capability_average` (paper section 4) follow, a list of their benchmarks'
    verdicts. Values and prompts alone are kept: millions of rows fit into memory.

    Args:
        verdicts: rows of schema verdicts, of which `COLUMNS` are used.
        roles: role of each prompt set.
        benchmarks: the benchmark of each prompt set that is a part of one; it has a cell of its own
            and its parts do not count in the average.
        without: ids of prompts to leave out.
    """
    benchmarks = benchmarks or {}
    found: dict[MetricKey, Cell] = {}
    prompts: dict[str, str] = {}  # each id once
    for row in pooled((row for row in verdicts if row["prompt_id"] not in without), benchmarks):
        key = row["prompt_set"], row["part"], row["measure"]
        cell = found.get(key) or found.setdefault(key, Cell(key[0]))
        cell.values.append(row["value"])
        cell.prompts.append(prompts.setdefault(row["prompt_id"], row["prompt_id"]))
    averages: dict[MetricKey, list[Cell]] = defaultdict(list)
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


def help_cells(
    keys: Iterable[MetricKey], roles: Mapping[str, str], benchmarks: Mapping[str, str]
) -> list[MetricKey]:
    """The cell of each over-refusal set that says how much help benign requests get.

    Right answers where a set has golds, since a wrong recipe is no help; else compliance. Sets that
    are parts of a benchmark count as that benchmark.
    """
    best: dict[str, MetricKey] = {}
    for key in keys:
        if role_of(key[0], roles, benchmarks) == "overrefusal" and key[2] in ("complies", "correct"):
            best[key[0]] = key if key[2] == "correct" else best.get(key[0], key)
    return [key for name, key in best.items() if name not in benchmarks]


def rates_of_sets(
    groups: Groups, roles: Mapping[str, str], bootstrap: int, benchmarks: Mapping[str, str] | None = None
) -> list[dict[str, Any]]:
    """One row per cell.

    The rate (pass@1 on capability sets) with its 95 % cluster-bootstrap interval by prompt; prompts
    of an average are resampled within each benchmark.

    Args:
        groups: of `metric_groups`.
        roles: role of each prompt set.
        bootstrap: resamples.
        benchmarks: the benchmark of each prompt set that is a part of one.
    """
    rows: list[dict[str, Any]] = []
    for (prompt_set, part, measure), cells in groups.items():
        role = role_of(prompt_set, roles, benchmarks)
        rate = rates.mean_of_rates([cell.group for cell in cells], resamples=bootstrap)
        if role == "capability":
            rate = replace(rate, value=sum(map(_pass_at_1, cells)) / len(cells))
        names = {
            "prompt_set": prompt_set,
            "part_of": (benchmarks or {}).get(prompt_set, ""),
            "role": role,
            "part": part,
            "measure": measure,
        }
        rows.append({**names, **_columns(rate)})
    return rows


def _pass_at_1(cell: Cell) -> float:
    """pass@1 by the unbiased estimator; NaN where nothing was scored."""
    scored = [[value for value in values if value is not None] for values in cell.by_prompt().values()]
    values = [[bool(value) for value in of_prompt] for of_prompt in scored if of_prompt]
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


def trace_classes(generations: Iterable[Row]) -> list[dict[str, Any]]:
    """How many traces of each prompt set were complete, truncated, empty or closed twice."""
    counts = Counter((row["prompt_set"], split_trace(row["text"]).kind) for row in generations)
    return [
        {"prompt_set": s, "trace_class": kind, "count": count} for (s, kind), count in sorted(counts.items())
    ]


def verdict_details(verdicts: Iterable[Row]) -> list[dict[str, Any]]:
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
