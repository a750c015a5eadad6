"""How often intervals of a mean over training seeds hold the truth: the numbers in
docs/fidelity.md.

.venv/bin/python -m tools.seed_coverage    # two minutes of one core

Made runs: 60 prompts with three samples each, a rate near 0.4. Prompts differ in their chance of
harm, trainings differ in all of it (by the spread below) and in how they treat each prompt. The
truth is the mean over all prompts and trainings that might have been.
"""

from __future__ import annotations

import math

import numpy as np
from scipy import stats as scipy_stats

from safe_reasoning.core.cli import argument_parser
from safe_reasoning.stats import rates, seed_spread

PROMPTS, SAMPLES, RESAMPLES = 60, 3, 300
SEEDS, SPREADS = (2, 3, 5), (0.0, 0.03, 0.1)  # trainings; standard deviation of their rates, about
RULES = {
    "prompts": "prompts alone",
    "two_level": "bootstrap of seeds and prompts",
    "one_t": "sum of variances, one t",
    "ours": "squares of half widths",
}


def chances(generator: np.random.Generator, shifts: np.ndarray, prompts: int) -> np.ndarray:
    """Chance of harm of each training (its shift on the logit scale) and prompt."""
    logits = (
        -0.5
        + generator.normal(0, 1.5, prompts)
        + shifts[:, None]
        + generator.normal(0, 0.3, (len(shifts), prompts))
    )
    return 1 / (1 + np.exp(-logits))


def slope() -> float:
    """How much the rate moves with the shift of a training, near no shift."""
    at = [chances(np.random.default_rng(1), np.array([shift]), 400_000).mean() for shift in (-0.05, 0.05)]
    return float(at[1] - at[0]) / 0.1


def two_level(by_prompt: np.ndarray, generator: np.random.Generator) -> tuple[float, float]:
    """Percentiles of a bootstrap that draws seeds and prompts, both with replacement; `by_prompt`
    has shape (seeds, prompts).
    """
    seeds, prompts = by_prompt.shape
    means = [
        by_prompt[generator.integers(0, seeds, seeds)][:, generator.integers(0, prompts, prompts)].mean()
        for _ in range(RESAMPLES)
    ]
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)


def one_t(rate: rates.Rate, by_seed: np.ndarray) -> tuple[float, float]:
    """One t quantile for the sum of both variances, with Satterthwaite's degrees of freedom."""
    prompts = ((rate.high - rate.low) / 2 / seed_spread.quantile(0.95, 1)) ** 2
    chance = by_seed.var(ddof=1) / len(by_seed)
    freedom = (prompts + chance) ** 2 / (chance**2 / (len(by_seed) - 1)) if chance else math.inf
    half = scipy_stats.t.ppf(0.975, freedom) * math.sqrt(prompts + chance)
    return rate.value - half, rate.value + half


def coverage(seeds: int, spread: float, trials: int) -> dict[str, tuple[float, float]]:
    """Share of made runs whose interval holds the truth, and median width of the interval in
    points, by rule.
    """
    generator = np.random.default_rng([seeds, round(1000 * spread)])
    size = spread / slope()
    truth = chances(generator, generator.normal(0, size, 2000), 500).mean()
    ends: dict[str, list[tuple[float, float]]] = {rule: [] for rule in RULES}
    for trial in range(trials):
        chance = chances(generator, generator.normal(0, size, seeds), PROMPTS)
        values = generator.random((SAMPLES, *chance.shape)) < chance
        clusters = list(np.tile(np.arange(PROMPTS), SAMPLES))
        rate = rates.mean_over_seeds(
            [[(list(values[:, s].ravel()), clusters)] for s in range(seeds)], resamples=RESAMPLES, seed=trial
        )
        by_prompt = values.mean(axis=0)
        by_seed = by_prompt.mean(axis=1)
        ends["prompts"].append((rate.low, rate.high))
        ends["two_level"].append(two_level(by_prompt, generator))
        ends["one_t"].append(one_t(rate, by_seed))
        ends["ours"].append(seed_spread.interval(rate.value, rate.low, rate.high, list(by_seed)))
    found = {}
    for rule, of_rule in ends.items():
        low, high = np.array(of_rule).T
        found[rule] = (float(np.mean((low <= truth) & (truth <= high))), 100 * float(np.median(high - low)))
    return found


def main() -> None:
    argument_parser(__doc__).parse_args()
    print(f"| seeds | spread, points | {' | '.join(RULES.values())} |")
    print("|---" * (2 + len(RULES)) + "|")
    for seeds in SEEDS:
        for spread in SPREADS:
            cells = [
                f"{100 * share:.1f} ({width:.0f})" for share, width in coverage(seeds, spread, 2000).values()
            ]
            print(f"| {seeds} | {100 * spread:.0f} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
