"""The comparison of two runs: which metric tables are the same, and which rates agree.

Rows are matched by the columns that name them (model, method, set, measure and others). A row
agrees when its two intervals overlap, or when its values are equal.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import Any

import pandas as pd

from safe_reasoning.config import validate
from safe_reasoning.core.errors import UserError
from safe_reasoning.core.redaction import masked
from safe_reasoning.core.yaml_files import parse_yaml
from safe_reasoning.report.manifest import base_weights
from safe_reasoning.report.metrics import require_metrics

# Columns that say which row it is; a row's words are in this order. These stand alone, the others
# as name=value.
PLAIN = ("model", "judge", "other_judge", "data", "method", "reference", "prompt_set", "part", "measure")
NAMING = (
    *PLAIN,
    *("seed", "training_set", "condition", "label", "rounds", "outcome", "reasoning", "response"),
    *("detector", "kind", "kinds", "mu", "eta", "stable_tokens", "source", "step", "trace"),
    *("prefix_tokens", "position", "steps_share", "prompt_id", "trace_class", "value", "detail", "bin"),
    *("samples_per_prompt", "k", "safe_rollouts", "text", "read_at", "monitor"),
)
# The column that `low` and `high` are the interval of; a table has one of them.
MEASURED = ("rate", "share", "csr", "r", "harmful", "agreement", "tau", "kl", "difference", "safe_share")


class Outcome(Enum):
    """How a table of one run compares with that of the other, in words."""

    IDENTICAL = "identical"
    SECONDS = "equal but for seconds"
    AGREE = "agree within intervals"
    APART = "do not"
    OPEN = "cannot be compared in full"
    ONLY_A = "in A alone"
    ONLY_B = "in B alone"


@dataclass(frozen=True)
class Difference:
    """A row whose two intervals do not overlap: its words, value and interval in each run."""

    row: str
    a: str
    b: str


@dataclass(frozen=True)
class Table:
    """A metric table of two runs.

    Attributes:
        name: without ending.
        outcome: as a whole.
        agree: rows whose intervals overlap or whose values are equal.
        apart: rows whose intervals do not overlap.
        no_interval: rows with other values and no interval in at least one of the runs.
        only_a: rows that A alone has.
        only_b: rows that B alone has.
        columns: columns that one run alone has.
    """

    name: str
    outcome: Outcome
    agree: int = 0
    apart: tuple[Difference, ...] = ()
    no_interval: tuple[str, ...] = ()
    only_a: tuple[str, ...] = ()
    only_b: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class Comparison:
    """Two runs, table by table.

    Attributes:
        a: folder of a run.
        b: folder of another.
        tables: in the order of their names.
        weights: of each base model, whether both runs have the same: None where one does not say.
        settings: keys of the configuration that differ, None where one run has no config.yaml.
    """

    a: Path
    b: Path
    tables: tuple[Table, ...]
    weights: dict[str, bool | None]
    settings: tuple[str, ...] | None


def compare_runs(a: Path, b: Path) -> Comparison:
    """Compare the metric tables, base weights and settings of two runs.

    A run without metrics is a UserError.
    """
    require_metrics(a)
    require_metrics(b)
    names = sorted({path.stem for run in (a, b) for path in (run / "metrics").glob("*.csv")})
    tables = tuple(_table(name, *(run / f"metrics/{name}.csv" for run in (a, b))) for name in names)
    return Comparison(a, b, tables, _weights(base_weights(a), base_weights(b)), _settings(a, b))


def _weights(a: dict[str, Any], b: dict[str, Any]) -> dict[str, bool | None]:
    """Whether each model's weights are the same."""
    return {model: a[model] == b[model] if {model} <= a.keys() & b.keys() else None for model in {**a, **b}}


def _settings(a: Path, b: Path) -> tuple[str, ...] | None:
    """The keys of two resolved configurations that differ, but the run's name."""
    paths = [run / "config.yaml" for run in (a, b)]
    if not all(path.exists() for path in paths):
        return None
    one, other = (_with_defaults(parse_yaml(path.read_bytes(), path)) for path in paths)
    keys = sorted((one.keys() | other.keys()) - {"run"})
    return tuple(key for key in keys if one.get(key) != other.get(key))


def _with_defaults(settings: Any) -> Any:
    """Settings with the keys that came after their run, at their defaults.

    As they are where today's configuration does not allow them.
    """
    try:
        return validate(settings, "config.yaml").model_dump(mode="json")
    except UserError:
        return settings


def _table(name: str, a: Path, b: Path) -> Table:
    """Compare a table's two files, of which one may be missing."""
    if not (a.exists() and b.exists()):
        return Table(name, Outcome.ONLY_A if a.exists() else Outcome.ONLY_B)
    if a.read_bytes() == b.read_bytes():
        return Table(name, Outcome.IDENTICAL)
    return compare_tables(name, _read(a), _read(b))


def _read(path: Path) -> pd.DataFrame:
    """A table, which may be empty."""
    try:
        return pd.read_csv(path)
    except pd.errors.EmptyDataError:
        return pd.DataFrame()


def compare_tables(name: str, a: pd.DataFrame, b: pd.DataFrame) -> Table:
    """Compare two tables that are not the same bytes, row by row."""
    columns = [column for column in a.columns if column in b.columns]
    naming = [column for column in NAMING if column in columns]
    if "text" in naming and "label" in naming:
        naming.remove("label")  # of a mined sentence: its rank, not its name
    one, other = _by_row(a, naming), _by_row(b, naming)
    both = one.index.intersection(other.index, sort=False)
    here, there = one.loc[both], other.loc[both]
    measured = _measured(columns)
    states = _states(here, there, measured) if measured else _equal_rows(here, there, columns)
    table = Table(
        name,
        Outcome.AGREE if measured else Outcome.SECONDS,
        agree=int((states == "agree").sum()),
        apart=tuple(
            Difference(row, _cell(here.loc[row], measured), _cell(there.loc[row], measured))
            for row in states.index[states == "apart"]
        ),
        no_interval=tuple(states.index[states == "no interval"]),
        only_a=tuple(one.index.difference(both, sort=False)),
        only_b=tuple(other.index.difference(both, sort=False)),
        columns=tuple(sorted(set(a.columns) ^ set(b.columns))),
    )
    if table.apart:
        return replace(table, outcome=Outcome.APART)
    if table.no_interval or table.only_a or table.only_b or table.columns:
        return replace(table, outcome=Outcome.OPEN)
    return table


def _measured(columns: Iterable[str]) -> str | None:
    """The column that the table has intervals of, if any."""
    there = set(columns)
    return next((column for column in MEASURED if column in there and {"low", "high"} <= there), None)


def _by_row(frame: pd.DataFrame, naming: list[str]) -> pd.DataFrame:
    """The rows under the words that name them; those that share them are numbered."""
    words = [
        " ".join(word for key, value in zip(naming, row, strict=True) if (word := _word(key, value)))
        for row in frame[naming].itertuples(index=False)
    ]
    number = pd.Series(words, dtype=object).groupby(words).cumcount() if words else []
    rows = [f"{word} ({count + 1})" if count else word for word, count in zip(words, number, strict=True)]
    return frame.set_axis(pd.Index(rows, dtype=object), axis=0)


def _word(key: str, value: Any) -> str:
    """A cell that names its row; a mined sentence is masked."""
    if pd.isna(value):
        return ""
    text = masked(value) if key == "text" else f"{value:g}" if isinstance(value, float) else str(value)
    return text if key in PLAIN else f"{key}={text}"


def _states(a: pd.DataFrame, b: pd.DataFrame, measured: str) -> pd.Series:
    """Of each row "agree", "apart" or "no interval"."""
    known = a[["low", "high"]].notna().all(axis=1) & b[["low", "high"]].notna().all(axis=1)
    equal = (a[measured] == b[measured]) | (a[measured].isna() & b[measured].isna())
    overlap = (a["low"] <= b["high"]) & (b["low"] <= a["high"])
    states = pd.Series("no interval", index=a.index, dtype=object)
    states[known] = "apart"
    states[equal | overlap] = "agree"
    return states


def _equal_rows(a: pd.DataFrame, b: pd.DataFrame, columns: list[str]) -> pd.Series:
    """Of each row of tables without intervals: "agree" where all but seconds is equal."""
    counted = [column for column in columns if not column.endswith("seconds")]
    equal = ((a[counted] == b[counted]) | (a[counted].isna() & b[counted].isna())).all(axis=1)
    return equal.map({True: "agree", False: "no interval"})


def _cell(row: pd.Series, measured: str | None) -> str:
    """Value and interval."""
    return f"{row[measured]:.3f} [{row['low']:.3f}, {row['high']:.3f}]"
