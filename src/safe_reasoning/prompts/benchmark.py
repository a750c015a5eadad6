"""What a benchmark declares about itself, and how it is found by name."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import NamedTuple

from safe_reasoning.core.errors import UserError

FOLDER = Path(__file__).parent / "benchmarks"
Reader = Callable[[str, str | None], list[dict[str, str]]]


class Split(NamedTuple):
    """A part of a benchmark that a prompt set can name as its source.

    Attributes:
        name: argument of the module's `prompts`.
        rows: prompts that it gives; a reader refuses a file with another number.
        source: id of its file in config/sources.yaml.
    """

    name: str
    rows: int
    source: str


@dataclass(frozen=True)
class Benchmark:
    """Declaration of a benchmark.

    Attributes:
        splits: by the name that a prompt set gives as `source`.
        traces: safe reasoning traces that the module's `demonstrations` gives; 0 for a benchmark
            without.
        programs: whether its answers are programs, which are run in the sandbox.
    """

    splits: Mapping[str, Split] = field(default_factory=dict)
    traces: int = 0
    programs: bool = False

    def check(self, split: str) -> None:
        """A UserError for a split that the benchmark does not have."""
        if split not in (known := [entry.name for entry in self.splits.values()]):
            raise UserError(
                f"no split {split!r}: use {'one of ' if len(known) > 1 else ''}{', '.join(known)}"
            )


@cache
def benchmarks() -> dict[str, Benchmark]:
    """All benchmarks by the name of their module."""
    names = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "__init__")
    return {
        name: importlib.import_module(f"safe_reasoning.prompts.benchmarks.{name}").BENCHMARK for name in names
    }


@cache
def splits() -> dict[str, tuple[str, Split]]:
    """Module and split of each name that a prompt set can give as `source`."""
    return {
        source: (name, split)
        for name, entry in benchmarks().items()
        for source, split in entry.splits.items()
    }


def read_split(source: str, mirror: str | None) -> list[dict[str, str]]:
    """The prompts of a source: rows with text, category and gold."""
    module, split = splits()[source]
    read: Reader = importlib.import_module(f"safe_reasoning.prompts.benchmarks.{module}").prompts
    return read(split.name, mirror)


def trace_sets() -> list[str]:
    """Names of the benchmarks that have safe reasoning traces."""
    return [name for name, entry in benchmarks().items() if entry.traces]


def read_traces(name: str, mirror: str | None) -> list[dict[str, str]]:
    """Prompt and completion of each trace of a published set."""
    if name not in trace_sets():
        raise UserError(f"unknown traces {name!r}: use one of {', '.join(trace_sets())}")
    rows: list[dict[str, str]] = importlib.import_module(
        f"safe_reasoning.prompts.benchmarks.{name}"
    ).demonstrations(mirror)
    return rows
