"""The page of the measurements as text: a section for each part, kept until the part is measured
again.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

HEAD = """\
# Performance

Written by `make bench`, one section per part of `benchmarks/`. What is compared was measured in one
run on the same work and is given as a ratio; absolute times depend on the machine and stand only
beside a ratio. Times are medians of several runs. `python -m benchmarks <part>` measures one
part again and keeps the other sections.
"""


def section(title: str, rows: Sequence[Mapping[str, Any]], notes: str, origin: str) -> str:
    """A part's section: title, table, what the numbers need in words, and where they come from."""
    words = [textwrap.fill(" ".join(block.split()), 100) for block in notes.split("\n\n") if block.strip()]
    return (
        "\n\n".join([f"## {title}", table(rows), *words, textwrap.fill(f"Measured: {origin}.", 100)]) + "\n"
    )


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows as a table in Markdown, with a column for each key in the order of first use."""
    columns = list(dict.fromkeys(key for row in rows for key in row))
    lines = [columns, ["---"] * len(columns)]
    lines += [[cell(row.get(column)) for column in columns] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def cell(value: Any) -> str:
    """A value as text: numbers with three digits that mean something, nothing for None."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return str(value).replace("|", "\\|")


def with_section(page: str, name: str, text: str, order: Sequence[str]) -> str:
    """The page with one part's section set, all others as they were, in the order of the parts."""
    _, *pieces = re.split(r"^<!-- part: (\w+) -->\n+", page, flags=re.MULTILINE)
    sections = dict(zip(pieces[::2], pieces[1::2], strict=True)) | {name: text}
    known = [part for part in order if part in sections]
    return "\n".join([HEAD, *(f"<!-- part: {part} -->\n\n{sections[part].strip()}\n" for part in known)])
