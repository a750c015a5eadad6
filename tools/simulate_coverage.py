"""How often intervals of small rates and of their differences hold the truth: the tables in
docs/statistics.md.

.venv/bin/python -m tools.simulate_coverage    # about a minute of one core
.venv/bin/python -m tools.simulate_coverage --run results/demo    # agreement within items

Simulated runs of three sets with 56, 42 and 98 prompts and three samples each, as in the demo.
Samples of one prompt agree more than those of two (intraclass correlation 0.3). Before: the
percentile bootstrap over prompts, with Wilson's or Newcombe's interval only where all prompts are
alike. After: as in `safe_reasoning.stats`.

The second table is of the nano world, where a set has several wordings of each item: how often an
interval over prompts holds the rate on these items, and the one on all items of such a world.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import numpy as np

from safe_reasoning.core.cli import argument_parser
from safe_reasoning.core.records import read_rows
from safe_reasoning.stats import paired, rates

SETS, SAMPLES, AGREEMENT = (56, 42, 98), 3, 0.3
RATES = (0.002, 0.005, 0.01, 0.02, 0.05)
KINDS = ("rate", "difference from none", "difference of equal rates")
RUNS, RESAMPLES = 400, 400
# Of a nano set: items, wordings of each, samples, rate, and how far samples of one item agree: the
# highest of the intraclass correlations that `agreement` finds in the demo's four safety sets
ITEMS, WORDINGS, OF_EACH, HARM, OF_ITEM = 13, 7, 2, 0.6, 0.11


@contextmanager
def before() -> Iterator[None]:
    """The rule as it was: other intervals only where no prompt differs."""
    with mock.patch.object(rates, "ENOUGH_DIFFERING", 1), mock.patch.object(paired, "ENOUGH_DIFFERING", 1):
        yield


def _sampled(rate: float, generator: np.random.Generator) -> list[list[list[bool]]]:
    """Samples of each prompt of each set, of two methods that share the prompts' chances."""
    total = 1 / AGREEMENT - 1
    chances = [generator.beta(rate * total, (1 - rate) * total, size) for size in SETS]
    return [
        [list(generator.random(SAMPLES) < chance) for chance in of_set]
        for _ in range(2)
        for of_set in chances
    ]


def intervals(rate: float, generator: np.random.Generator, run: int) -> list[tuple[float, float, float]]:
    """Truth, low and high of each of KINDS, in one simulated run."""
    drawn = _sampled(rate, generator)
    ours, theirs = drawn[: len(SETS)], drawn[len(SETS) :]
    groups = [
        (np.ravel(of_set).tolist(), np.repeat(np.arange(len(of_set)), SAMPLES).tolist()) for of_set in ours
    ]
    ours_alone = rates.mean_of_rates(groups, resamples=RESAMPLES, seed=run)
    found = [(rate, ours_alone.low, ours_alone.high)]
    none = [[[False]] * size for size in SETS]
    for truth, others in ((rate, none), (0.0, theirs)):
        one = _difference(ours, others, run)
        found.append((truth, one.low, one.high))
    return found


def _difference(ours: list[list[list[bool]]], theirs: list[list[list[bool]]], run: int) -> paired.Difference:
    sides: list[paired.Sides] = [
        (dict(enumerate(a)), dict(enumerate(b))) for a, b in zip(ours, theirs, strict=True)
    ]
    return paired.paired_difference([sides], resamples=RESAMPLES, seed=run)


def coverage(rate: float, runs: int = RUNS) -> list[tuple[float, float]]:
    """Share of runs whose interval holds the truth and median width, of each of KINDS."""
    generator = np.random.default_rng(round(1e6 * rate))
    truth, low, high = np.array([intervals(rate, generator, run) for run in range(runs)]).transpose(2, 1, 0)
    held = ((low <= truth + 1e-12) & (truth <= high + 1e-12)).mean(axis=1)
    return list(zip(held.tolist(), np.median(high - low, axis=1).tolist(), strict=True))


def table(runs: int = RUNS) -> str:
    """The table of docs/statistics.md."""
    headings = [f"{kind}, {when}" for kind in KINDS for when in ("before", "after")]
    lines = [f"| true rate, % | {' | '.join(headings)} |", "|---" * (1 + len(headings)) + "|"]
    for rate in RATES:
        with before():
            first = coverage(rate, runs)
        cells = [
            f"{100 * held:.1f} ({100 * width:.1f})"
            for both in zip(first, coverage(rate, runs), strict=True)
            for held, width in both
        ]
        lines.append(f"| {100 * rate:g} | {' | '.join(cells)} |")
    return "\n".join(lines)


def held_on_items(sets: int, runs: int = RUNS) -> tuple[float, float]:
    """Share of runs whose interval of the mean over sets of the same items holds the rate on these
    items, and the rate on all items.
    """
    generator, held = np.random.default_rng(sets), np.zeros(2)
    total = 1 / OF_ITEM - 1
    prompts = np.repeat(np.arange(ITEMS * WORDINGS), OF_EACH).tolist()
    for run in range(runs):
        chances = generator.beta(HARM * total, (1 - HARM) * total, ITEMS)
        drawn = [generator.random((ITEMS, WORDINGS * OF_EACH)) < chances[:, None] for _ in range(sets)]
        found = rates.mean_of_rates(
            [(np.ravel(of_set).tolist(), prompts) for of_set in drawn], resamples=RESAMPLES, seed=run
        )
        held += [found.low <= truth <= found.high for truth in (chances.mean(), HARM)]
    return float(held[0]) / runs, float(held[1]) / runs


def table_of_items(runs: int = RUNS) -> str:
    """The second table of docs/statistics.md."""
    lines = ["| interval of | holds the rate on these items, % | on all items, % |", "|---|---|---|"]
    for name, sets in (("one set", 1), ("the mean of three sets of the same items", 3)):
        these, every = held_on_items(sets, runs)
        lines.append(f"| {name} | {100 * these:.1f} | {100 * every:.1f} |")
    return "\n".join(lines)


def agreement(values: Sequence[float], items: Sequence[str]) -> float:
    """Intraclass correlation of samples of one item, from a one-way analysis of variance."""
    groups = [
        np.array([v for v, item in zip(values, items, strict=True) if item == one]) for one in set(items)
    ]
    sizes, count = np.array([len(group) for group in groups]), len(values)
    between = sum(len(group) * (group.mean() - np.mean(values)) ** 2 for group in groups) / (len(groups) - 1)
    within = sum(((group - group.mean()) ** 2).sum() for group in groups) / (count - len(groups))
    typical = (count - (sizes**2).sum() / count) / (len(groups) - 1)
    return float((between - within) / (between + (typical - 1) * within))


def agreement_in(run: Path) -> str:
    """A line for each safety set of a nano run: agreement in harm of the base's reasonings."""
    files = run.glob("prompts/*.parquet")
    prompts = {row["prompt_id"]: row for path in files for row in read_rows(path, "prompts")}
    (verdicts,) = run.glob("verdicts/*/base/seed0/evaluation.exact.parquet")
    found: dict[str, tuple[list[float], list[str]]] = {}
    for row in read_rows(verdicts, "verdicts", part=["reasoning"], measure=["harmful"]):
        if row["value"] is not None and prompts[row["prompt_id"]]["role"] == "safety":
            values, items = found.setdefault(row["prompt_set"], ([], []))
            values.append(float(row["value"]))
            items.append(prompts[row["prompt_id"]]["gold"])
    return "\n".join(f"{name}: {agreement(*of_set):.3f}" for name, of_set in sorted(found.items()))


def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--run", type=Path, help="folder of a finished run of the nano world")
    run = parser.parse_args().run
    print(agreement_in(run) if run else f"{table()}\n\n{table_of_items()}")


if __name__ == "__main__":
    main()
