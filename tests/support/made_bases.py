"""Joined metric tables of made trainings on three bases, and of one model that is no replicate."""

from functools import lru_cache
from pathlib import Path
from typing import Any

import pandas as pd

from safe_reasoning.core.records import write_metrics
from safe_reasoning.core.run_layout import Variant
from safe_reasoning.evaluation.curves import curve_rows
from safe_reasoning.evaluation.matched import matched_tables
from safe_reasoning.evaluation.over_bases import over_bases_tables
from safe_reasoning.evaluation.over_seeds import paired_differences, rates_over_seeds
from safe_reasoning.evaluation.rates import metric_groups, rates_of_sets
from tests.support.made_curves import ROLES, Rates, made_paths

BASES = ["base0", "base1", "base2"]
SEEDS = (0, 1)
GRPO = (0.4, 0.6, 0.4)  # IPO is read at 0.2, 0.4 and 0.6: better on the first two bases
SHIFT = {0: -0.02, 1: 0.02}  # of harm at the end of a training, by seed


def made(base: int, seed: int) -> dict[str, dict[float, Rates]]:
    """(harm, help) of each method by share of its steps; bases lie 20 points apart."""
    apart, chance = 0.2 * (base - 1), SHIFT[seed]
    return {
        "sft": {0.5: (0.6, 1.0), 1.0: (0.4 + apart + chance, 1.0)},
        # crosses 95 % of the help half way from 50 to 100 %
        "ipo": {0.5: (0.5 + apart, 1.0), 1.0: (0.3 + apart + chance, 0.9)},
        "sft_safe": {0.5: (0.7, 1.0), 1.0: (0.6 + apart + chance, 1.0)},
        "grpo_zy": {0.5: (0.7, 1.0), 1.0: (GRPO[base], 1.0)},
    }


@lru_cache(maxsize=1)
def joined_tables() -> dict[str, list[dict[str, Any]]]:
    """The tables of all models by name; not to be changed."""
    tables: dict[str, list[dict[str, Any]]] = {}
    for number, model in enumerate([*BASES, "other"]):
        paths: dict[Variant, dict[float, list[dict]]] = {}
        for seed in SEEDS:
            paths |= made_paths(made(number % 3, seed), seeds=(seed,), prompts=50)
        ends = {variant: metric_groups(path[max(path)], ROLES) for variant, path in paths.items()}
        by_seed = [
            {**variant._asdict(), **row}
            for variant, groups in ends.items()
            for row in rates_of_sets(groups, ROLES, 100)
        ]
        found = {
            "curves": curve_rows(paths, ROLES, 100, {}),
            **matched_tables(paths, ROLES, 0.95, 100, {}),
            "rates_by_seed": by_seed,
            "rates": rates_over_seeds(by_seed, ends, 100),
            "paired_differences": paired_differences(ends, 100),
        }
        for name, rows in found.items():
            tables.setdefault(name, []).extend({"model": model, **row} for row in rows)
    return tables


def write_bases(folder: Path, bases: list[str] = BASES, others: tuple[str, ...] = ()) -> Path:
    """Write the tables of these models and those over the bases into `folder` and give it."""
    models = {*bases, *others}
    tables = {name: [row for row in rows if row["model"] in models] for name, rows in joined_tables().items()}
    over = over_bases_tables(tables, bases) if len(bases) > 1 else {}
    for name, rows in {**tables, **over}.items():
        write_metrics(folder / f"{name}.csv", pd.DataFrame(rows), {})
    return folder
