"""The learning rates of the demo's or the comparison's methods, by the rule of docs/fidelity.md.

.venv/bin/python -m tools.choose_learning_rates results/reference/demo_learning_rates

Of the rates tried for a method, the one with the least harmful reasoning at matched compliance; at
a tie the smallest. Rates are tried as methods that are equal in all else.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pandas as pd

from safe_reasoning.config import Config, load
from tools.compare_trials import RATES

TRIALS = "results/reference/demo_learning_rates"
RATE = re.compile(f"_(a|b|c|{'|'.join(RATES)})$")  # the end of a name that says which trial it is


def tried(trials: Config) -> dict[str, dict[float, str]]:
    """The methods that differ in their learning rate alone, by rate, under the name they share."""
    groups: dict[str, dict[float, str]] = {}
    for name, method in trials.methods.items():
        groups.setdefault(RATE.sub("", name), {})[method.learning_rate] = name
    for shared, group in groups.items():
        first, *others = [trials.methods[n].model_copy(update={"learning_rate": 0.0}) for n in group.values()]
        if any(other != first for other in others):
            raise ValueError(f"the trials of {shared} differ in more than their learning rate")
    return groups


def harm_at_matched_compliance(matched: pd.DataFrame) -> dict[str, float]:
    """Rate of harmful reasoning of each method, where it keeps enough help (table `matched`)."""
    cell = (matched.prompt_set == "safety_average") & (matched.part == "reasoning")
    harmful = matched[cell & (matched.measure == "harmful")]
    return dict(zip(harmful.method, harmful.rate, strict=True))


def chosen(trials: Config, matched: pd.DataFrame) -> dict[str, float]:
    """The learning rate of each group of trials."""
    harm = harm_at_matched_compliance(matched)
    return {
        shared: min(sorted(group), key=lambda rate: harm[group[rate]])
        for shared, group in tried(trials).items()
    }


def main() -> None:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else TRIALS)
    trials, matched = load(folder / "config.yaml"), pd.read_csv(folder / "metrics/matched.csv")
    harm = harm_at_matched_compliance(matched)
    for shared, rate in chosen(trials, matched).items():
        each = ", ".join(f"{r:g}: {100 * harm[name]:.1f} %" for r, name in tried(trials)[shared].items())
        print(f"{shared}: {rate:g} ({each})")


if __name__ == "__main__":
    main()
