"""The comparison of two runs as plain text: a line for each table, then the rows that differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from safe_reasoning.report.compare_runs import Comparison, Outcome, Table

ROWS = 20  # of rates that do not agree, unless all are asked for
OTHER_ROWS = 5  # of other lists
ALWAYS = (Outcome.IDENTICAL, Outcome.AGREE, Outcome.APART)
HEAD = ("table", "outcome", "rows: agree", "do not", "no interval", "only in A", "only in B")


def summary(comparison: Comparison) -> str:
    """One line: how many tables compare how, and whether both runs start from the same base."""
    counts = Counter(table.outcome for table in comparison.tables)
    counted = [
        f"{counts[outcome]} {outcome.value}" for outcome in Outcome if counts[outcome] or outcome in ALWAYS
    ]
    said = (
        f"{len(comparison.tables)} metric tables: {', '.join(counted)}; base weights {_weights(comparison)}"
    )
    return f"{said}; settings differ: {', '.join(comparison.settings)}" if comparison.settings else said


def _weights(comparison: Comparison) -> str:
    """Whether the base weights are the same; model by model where there are several."""
    words = {True: "equal", False: "different", None: "unknown"}
    equal = {model: words[same] for model, same in sorted(comparison.weights.items())}
    if len(set(equal.values())) <= 1:
        return next(iter(equal.values()), "unknown")
    return ", ".join(f"{word} ({model})" for model, word in equal.items())


def text(comparison: Comparison, every_row: bool = False) -> str:
    """The whole comparison; its last line is the summary."""
    settings = comparison.settings
    said = "unknown" if settings is None else f"differ: {', '.join(settings)}" if settings else "equal"
    lines = [
        *_aligned(
            [
                ("A", str(comparison.a)),
                ("B", str(comparison.b)),
                ("base weights", _weights(comparison)),
                ("settings", said),
            ]
        ),
        "",
        *_aligned([HEAD, *(_row(table) for table in comparison.tables)]),
    ]
    for table in comparison.tables:
        lines += _differences(table, every_row)
    return "\n".join([*lines, "", summary(comparison)])


def _row(table: Table) -> tuple[str, ...]:
    """A table in the overview, without zeros."""
    rows = (table.agree, *map(len, (table.apart, table.no_interval, table.only_a, table.only_b)))
    outcome = "do not agree" if table.outcome is Outcome.APART else table.outcome.value
    return (table.name, outcome, *(str(count or "") for count in rows))


def _differences(table: Table, every_row: bool) -> Iterator[str]:
    """The rows of a table that do not agree, that one run alone has, or that have no interval."""
    apart = [("", "A", "B"), *((row.row, row.a, row.b) for row in table.apart)] if table.apart else []
    for title, rows in (
        ("intervals do not overlap", apart),
        ("other values, without intervals", [(row,) for row in table.no_interval]),
        ("rows in A alone", [(row,) for row in table.only_a]),
        ("rows in B alone", [(row,) for row in table.only_b]),
        ("columns in one run alone", [(column,) for column in table.columns]),
    ):
        if rows:
            limit = len(rows) if every_row else ROWS + 1 if rows is apart else OTHER_ROWS
            shown = rows[:limit]
            yield from ("", f"{table.name}: {title}")
            yield from (f"  {line}" for line in _aligned(shown))
            if len(rows) > len(shown):
                yield f"  and {len(rows) - len(shown)} more (ALL=yes lists them)"


def _aligned(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """The rows with their columns below each other."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
