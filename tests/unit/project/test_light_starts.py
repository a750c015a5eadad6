"""`--help` and a wrong argument answer at once: a script imports what is slow only once it works."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.support.paths import ROOT
from tools.reach import OURS, file_of

# Each takes more than a quarter of a second
SLOW = {"datasketch", "deepspeed", "matplotlib", "peft", "scipy", "seaborn", "sentence_transformers"}
SLOW |= {"sklearn", "statsmodels", "torch", "transformers", "trl", "vllm"}
SCRIPTS = sorted((ROOT / "scripts").glob("*.py"))


def at_import(path: Path) -> Iterator[str]:
    """Names of the modules that a file imports when it is imported itself."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield str(node.module)
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@cache
def imports(path: Path) -> tuple[set[str], set[Path]]:
    """Slow packages that a file imports at once, and the files of ours that it imports."""
    names = [name.split(".") for name in at_import(path)]
    ours = (".".join(name[:depth]) for name in names if name[0] == OURS for depth in range(1, len(name) + 1))
    return {name[0] for name in names} & SLOW, set(filter(None, map(file_of, ours)))


def slow_imports(start: Path) -> list[str]:
    """Slow packages that a file imports at once, itself or by way of our modules, with the place."""
    seen, found, ahead = set(), [], [start]
    while ahead:
        path = ahead.pop()
        if path not in seen:
            seen.add(path)
            slow, ours = imports(path)
            found += [f"{package}, by {path.relative_to(ROOT)}" for package in sorted(slow)]
            ahead += ours
    return found


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_a_script_imports_nothing_slow_before_it_works(script: Path):
    assert not slow_imports(script)


def test_a_slow_import_is_found():
    assert slow_imports(ROOT / "src/safe_reasoning/evaluation/kl.py")
