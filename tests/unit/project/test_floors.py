"""The floors of docs/architecture.md: a package imports from lower floors only, no modules in a circle.

Imports are read from the source, wherever they are: at the top, in a function, for type checkers.
"""

import ast
import re
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.paths import ROOT

NAME = "safe_reasoning"
SOURCE = ROOT / "src" / NAME


class Import(NamedTuple):
    """An import of one of our modules: who, in which line, what."""

    module: str
    line: int
    imported: str


def modules() -> dict[str, Path]:
    """Our modules by their dotted name."""
    paths = sorted(SOURCE.rglob("*.py"))
    return {dotted(path): path for path in paths}


def dotted(path: Path) -> str:
    parts = path.relative_to(SOURCE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(module: str, text: str, known: set[str]) -> Iterator[Import]:
    """All imports of our modules; what is put together (`import_module(f"...{name}")`) by its start."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{module}, line {node.lineno}: a relative import"
            whole = [f"{node.module}.{alias.name}" for alias in node.names]
            names = [name if name in known else str(node.module) for name in whole]
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            start = ast.unparse(node.args[0]).lstrip("f").strip("'\"").partition("{")[0]
            names = [start.rstrip(".")]
        else:
            continue
        yield from (Import(module, node.lineno, name) for name in names if name.split(".")[0] == NAME)


def all_imports() -> list[Import]:
    known = modules()
    return [found for name, path in known.items() for found in imports_of(name, path.read_text(), set(known))]


def floors() -> dict[str, int]:
    """Floor of each package, from the drawing in docs/architecture.md."""
    text = (ROOT / "docs/architecture.md").read_text()
    drawn = re.findall(r"^([1-8])  ((?:\w+ +)+?) {3,}\w", text, re.MULTILINE)
    return {name: int(floor) for floor, names in drawn for name in names.split()}


def too_high(found: list[Import], floor: dict[str, int]) -> list[str]:
    """A line for each import of a package on the same or a higher floor."""
    message = []
    for module, line, imported in found:
        own, other = (name.split(".")[1:2] for name in (module, imported))
        if own and other and own != other and floor[other[0]] >= floor[own[0]]:
            message.append(f"{module}, line {line}, imports {imported}: floor {floor[other[0]]}, not below")
    return message


def circle(found: list[Import]) -> list[str]:
    """Modules that import each other in a circle; empty where there is none."""
    graph: dict[str, set[str]] = {}
    for module, _, imported in found:
        if module != imported:
            graph.setdefault(module, set()).add(imported)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def test_every_package_imports_from_lower_floors_only():
    floor = floors()
    assert set(floor) == {path.parent.name for path in SOURCE.glob("*/__init__.py")}
    message = too_high(all_imports(), floor)
    assert not message, "\n".join(message)


def test_no_modules_import_each_other_in_a_circle():
    assert not circle(all_imports())


@pytest.mark.parametrize(
    "text",
    [
        "from safe_reasoning.report import metrics",
        "def late():\n    import safe_reasoning.archive.pack",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from safe_reasoning.plan import step",
        "importlib.import_module(f'safe_reasoning.report.figures.{name}')",
    ],
)
def test_a_wrong_import_is_told_with_its_line(text: str):
    found = list(imports_of("safe_reasoning.training.train", text, set(modules())))
    (line,) = too_high(found, floors())
    last = text.count("\n") + 1
    assert line.startswith(f"safe_reasoning.training.train, line {last}, imports safe_reasoning.")


def test_a_circle_is_found():
    found = [Import("a", 1, "b"), Import("b", 1, "c"), Import("c", 1, "a"), Import("d", 1, "a")]
    assert set(circle(found)) == {"a", "b", "c"} and not circle(found[1:])
