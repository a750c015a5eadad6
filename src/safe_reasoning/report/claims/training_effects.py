"""Effects of claims about trained methods.

Harm, compliance, capability, KL, cost (paper sections 3 and 4).

Estimates with 95 % intervals, from stored metrics: rates and paired differences over all training
seeds (`over_seeds`). Differences between two intervals that were not measured as a difference
combine them by squares (Zou and Donner's MOVER), as if they were independent; the same prompts lie
under both, so that is on the cautious side.
"""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pandas as pd

from safe_reasoning.report.claims.estimates import (
    Effect,
    Effects,
    Estimate,
    effect,
    estimate,
    mean,
    mean_of_seeds,
    read,
)
from safe_reasoning.report.methods import label
from safe_reasoning.report.metrics import reached

BASELINES = ("safechain", "realsafe", "star1", "safekey", "sft_safe", "dpo_natural", "grpo_y", "grpo_zy")


def _paired(better: str, worse: str, part: str, measure: str, prompt_set: str = "safety_average") -> Effects:
    """Difference worse - better by prompt for harm, better - worse otherwise, in whichever
    direction the run stored it.
    """

    def effects(metrics: Path) -> list[Effect]:
        frame = read(metrics, "paired_differences")
        if frame.empty:
            return []
        frame = frame[
            (frame["prompt_set"] == prompt_set) & (frame["part"] == part) & (frame["measure"] == measure)
        ]
        upper, lower = (worse, better) if measure == "harmful" else (better, worse)
        rows = frame[(frame["method"] == upper) & (frame["reference"] == lower)]
        turned = frame[(frame["method"] == lower) & (frame["reference"] == upper)]
        if rows.empty and len(turned):
            rows = turned.assign(difference=-turned["difference"], low=-turned["high"], high=-turned["low"])
        names = f"{label(upper)} − {label(lower)}"
        return [
            effect(f"{r['model']}, {names}", estimate(r, "difference"), n=str(int(r["prompts"])))
            for _, r in rows.iterrows()
        ]

    return effects


def _final(metrics: Path) -> str:
    """The paper's method has both stages; a run without stage 2 is judged on stage 1."""
    frame = read(metrics, "rates_by_seed")
    return "ipo_stage2" if len(frame) and (frame["method"] == "ipo_stage2").any() else "ipo"


def less_harm(better: str, worse: str, part: str) -> Effects:
    """How much less harm, by prompt where the run compared the two methods so, else from their two
    rates.
    """
    return lambda metrics: (
        _paired(better, worse, part, "harmful")(metrics) or _unpaired(better, worse, part)(metrics)
    )


def ipo_less_harm(part: str, *rivals: str) -> Effects:
    """IPO as the paper has it against each rival."""
    return lambda metrics: [e for rival in rivals for e in less_harm(_final(metrics), rival, part)(metrics)]


def _unpaired(better: str, worse: str, part: str) -> Effects:
    """Difference of two methods' average harm, from their separate intervals."""

    def effects(metrics: Path) -> list[Effect]:
        found = []
        for model, cell in _average_harm(metrics, part):
            first, second = cell[cell["method"] == worse], cell[cell["method"] == better]
            if len(first) and len(second):
                difference = estimate(first.iloc[0], "rate").minus(estimate(second.iloc[0], "rate"))
                names = f"{label(worse)} − {label(better)}"
                found.append(effect(f"{model}, {names}", difference, n=str(int(first["prompts"].iloc[0]))))
        return found

    return effects


def _average_harm(metrics: Path, *parts: str) -> list[tuple[str, pd.DataFrame]]:
    """Average harm of some parts over the safety sets, by model."""
    frame = read(metrics, "rates")
    if frame.empty:
        return []
    frame = frame[
        (frame["prompt_set"] == "safety_average")
        & (frame["measure"] == "harmful")
        & frame["part"].isin(parts)
    ]
    return [(str(model), cell) for model, cell in frame.groupby("model", sort=False)]


def over_thirty(metrics: Path) -> list[Effect]:
    """Relative fall of the mean of average reasoning and response harm, against the baseline with
    the lowest mean, which it is divided by as if that were exact.
    """
    found = []
    for model, cell in _average_harm(metrics, "reasoning", "response"):
        means = {method: mean(rows, "rate") for method, rows in cell.groupby("method", sort=False)}
        rivals = {b: means[b] for b in BASELINES if b in means}
        final = _final(metrics)
        if not rivals or final not in means:
            continue
        best = min(rivals, key=lambda b: rivals[b].value)
        if rivals[best].value > 0:
            fall = rivals[best].minus(means[final]).scaled(1 / rivals[best].value)
            fall = replace(fall, high=min(fall.high, 1.0))  # no harm falls by more than all of it
            names = f"{model}, {label(final)} against {label(best)} ({100 * rivals[best].value:.1f} %)"
            found.append(effect(names, fall, " %", n=str(int(cell["prompts"].max()))))
        elif rivals[best].value == 0:
            text = (
                f"{model}: no percentage, {label(best)} leaves no harm and {label(final)} "
                f"{100 * means[final].value:.1f} %"
            )
            found.append(Effect(Estimate(math.nan, math.nan, math.nan, means[final].seeds), text))
    return found


def sets_of(role: str, better: str, worse: str, measure: str) -> Effects:
    """Paired differences on every prompt set of a role.

    `FINAL` stands for IPO as the paper has it.
    """

    def effects(metrics: Path) -> list[Effect]:
        frame = read(metrics, "rates_by_seed")
        sets = dict.fromkeys(frame.loc[frame["role"] == role, "prompt_set"]) if len(frame) else {}
        method = _final(metrics) if better == "FINAL" else better
        return [e for s in sets for e in _paired(method, worse, "response", measure, s)(metrics)]

    return effects


def _kl_halves(frame: pd.DataFrame) -> dict[tuple[str, str], tuple[Estimate, Estimate]]:
    """Mean KL over the first and the second half of the positions, by model and method."""
    halves = {}
    for (model, method), of_seeds in reached(frame).groupby(["model", "method"], sort=False):
        early = of_seeds["position"] < (of_seeds["position"].max() + 1) / 2
        first, second = (
            mean_of_seeds([mean(cell, "kl") for _, cell in half.groupby("seed")])
            for half in (of_seeds[early], of_seeds[~early])
        )
        halves[str(model), str(method)] = first, second
    return halves


def kl_early(metrics: Path) -> list[Effect]:
    """Mean KL of IPO over the first half of the positions minus that over the second."""
    frame = read(metrics, "kl")
    halves = _kl_halves(frame) if len(frame) else {}
    final = _final(metrics)
    return [
        effect(f"{m}, {label(x)}", first.minus(second), " nats", 1)
        for (m, x), (first, second) in halves.items()
        if x == final
    ]


def kl_higher(metrics: Path) -> list[Effect]:
    """Mean KL of IPO minus that of SFT on safe traces, over the first half of the positions."""
    frame = read(metrics, "kl")
    halves = _kl_halves(frame) if len(frame) else {}
    final = _final(metrics)
    return [
        effect(
            f"{m}, {label(final)} − {label('sft_safe')}", first.minus(halves[m, "sft_safe"][0]), " nats", 1
        )
        for (m, x), (first, _) in halves.items()
        if x == final and (m, "sft_safe") in halves
    ]


def generations(metrics: Path) -> list[Effect]:
    """GRPO's generations per prompt minus IPO's; counts, so the interval is a point."""
    frame = read(metrics, "efficiency")
    found = []
    for model, cell in frame.groupby("model", sort=False) if len(frame) else []:
        per = cell.groupby("method")["generations_per_prompt"].mean()
        if "ipo" in per and "grpo_zy" in per:
            more = float(per["grpo_zy"] - per["ipo"])
            found.append(
                Effect(
                    Estimate(more, more, more, cell["seed"].nunique()),
                    f"{model}: GRPO {per['grpo_zy']:.1f}, IPO {per['ipo']:.1f} (counts, no interval)",
                )
            )
    return found
