"""Measure some parts or all of them, print their tables and write them into a page.

python -m benchmarks                      (all parts, into docs/performance.md)
python -m benchmarks training growth      (these again; the page keeps the others)
"""

from __future__ import annotations

import importlib
import os
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType

from benchmarks import PARTS
from benchmarks.machine import circumstances
from benchmarks.page import section, with_section
from safe_reasoning.core.cli import argument_parser, command, progress
from safe_reasoning.core.errors import UserError
from safe_reasoning.core.files import write_bytes

PAGE = Path(__file__).parents[1] / "docs/performance.md"


def measure_into(page: Path, names: Sequence[str], load: Callable[[str], ModuleType]) -> None:
    """Measure parts one after another, print each table and write it into the page at once.

    Args:
        page: file to write. Its sections of other parts stay as they are.
        names: of parts.
        load: gives a part's module.
    """
    for name in names:
        part = load(name)
        progress(f"{name}: {part.TITLE}")
        rows = part.measure()
        origin = f"{circumstances()}; `{shlex.join(['python', '-m', 'benchmarks', name])}`"
        text = section(part.TITLE, rows, getattr(part, "NOTES", ""), origin)
        print(text, flush=True)
        before = page.read_text() if page.exists() else ""
        write_bytes(page, with_section(before, name, text, PARTS).encode())


def module_of(name: str) -> ModuleType:
    """The module of a part, imported only now: some need the engines."""
    return importlib.import_module(f"benchmarks.{name}")


@command
def main() -> None:
    """Measure the parts of the command line."""
    parser = argument_parser(__doc__)
    parser.add_argument("names", nargs="*", metavar="part", help=f"of {', '.join(PARTS)}; all by default")
    parser.add_argument(
        "--out", type=Path, default=PAGE, help="page to write, docs/performance.md by default"
    )
    arguments = parser.parse_args()
    # A process whose OpenMP threads run can't be forked; parts that want more set it themselves
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    if unknown := [name for name in arguments.names if name not in PARTS]:
        raise UserError(f"unknown part {unknown[0]!r}: use some of {', '.join(PARTS)}")
    measure_into(arguments.out, arguments.names or PARTS, module_of)


if __name__ == "__main__":
    main()
