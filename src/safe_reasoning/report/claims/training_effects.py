"""Effects of claims about trained methods.

Harm, compliance, capability, KL, cost (paper sections 3 and 4).

Estimates with 95 % intervals, from stored metrics: rates and paired differences over all training
seeds (`over_seeds`, `comparisons`).
"""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pandas as pd

from safe_reasoning.report.claims import compliance
from safe_reasoning.report.claims.comparisons import difference, matched_difference
from safe_reasoning.report.claims.estimates import (
    Effect,
    Effects,
    Estimate,
    effect,
    mean,
    mean_of_seeds,
    read,
)
from safe_reasoning.report.claims.over_bases import difference_over_bases, harm_over_bases
from safe_reasoning.report.methods import label
from safe_reasoning.report.metrics import reached
from safe_reasoning.report.scored import unscored_share

BASELINES = ("safechain", "realsafe", "star1", "safekey", "sft_safe", "dpo_natural", "grpo_y", "grpo_zy")


def final_stage(metrics: Path) -> str:
    """The paper's method has both stages; a run without stage 2 is judged on stage 1."""
    frame = read(metrics, "rates_by_seed")
    return "ipo_stage2" if len(frame) and (frame["method"] == "ipo_stage2").any() else "ipo"


def less_harm(better: str, worse: str, part: str) -> Effects:
    """How much less harm on average over the safety sets: at matched compliance where the run has
    curves of both, else at their ends with the compliance of both.
    """

    def effects(metrics: Path) -> list[Effect]:
        found = matched_difference(metrics, worse, better, part)
        ends = difference(metrics, worse, better, ("safety_average", part, "harmful"))
        for model, harm in ends.items():
            if model not in found:
                found[model] = compliance.beside(metrics, model, better, worse, harm)
        cell = ("safety_average", part, "harmful")
        return list(difference_over_bases(metrics, found, worse, better, cell).values())

    return effects


def ipo_less_harm(part: str, *rivals: str) -> Effects:
    """IPO as the paper has it against each rival."""
    return lambda metrics: [
        e for rival in rivals for e in less_harm(final_stage(metrics), rival, part)(metrics)
    ]


def keeps_compliance(metrics: Path) -> list[Effect]:
    """Compliance of IPO minus that of the base."""
    final = final_stage(metrics)
    found: dict[str, list[Effect]] = {}
    for cell in compliance.benign_cells(metrics, "complies", "correct"):
        of_cell = compliance.change_of(metrics, final, cell)
        about = compliance.words(cell)
        for model, one in difference_over_bases(metrics, of_cell, final, "base", cell, about).items():
            found.setdefault(model, []).append(one)
    return [one for of_model in found.values() for one in of_model]


def _average_harm(metrics: Path, *parts: str) -> list[tuple[str, pd.DataFrame]]:
    """Average harm of some parts over the safety sets, by model: at matched compliance (`at` says
    where) of the methods that were evaluated along their training, else at the end.
    """
    ends, matched = read(metrics, "rates"), read(metrics, "matched")
    if ends.empty:
        return []
    if len(matched):
        names = ["model", "method"]
        read_before = pd.MultiIndex.from_frame(ends[names]).isin(pd.MultiIndex.from_frame(matched[names]))
        frame = pd.concat([matched, ends[~read_before]], ignore_index=True)
    else:
        frame = ends.assign(at=math.nan)
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
    found = {
        model: one
        for model, cell in _average_harm(metrics, "reasoning", "response")
        if (one := _fall(metrics, model, cell)) is not None
    }
    return list(
        harm_over_bases(
            metrics, found, lambda model, cell: _fall(metrics, model, cell, trained=False)
        ).values()
    )


def _fall(metrics: Path, model: str, cell: pd.DataFrame, *, trained: bool = True) -> Effect | None:
    """The relative fall of one model from its rows of average harm; None without both sides."""
    means = {str(method): mean(rows, "rate") for method, rows in cell.groupby("method", sort=False)}
    rivals = {b: means[b] for b in BASELINES if b in means}
    final = final_stage(metrics)
    if not rivals or final not in means:
        return None
    best = min(rivals, key=lambda b: rivals[b].value)
    if rivals[best].value > 0:
        fall = rivals[best].minus(means[final]).scaled(1 / rivals[best].value)
        fall = replace(fall, high=min(fall.high, 1.0))  # no harm falls by more than all of it
        names = f"{model}, {label(final)} against {label(best)} ({100 * rivals[best].value:.1f} %)"
        both = cell[cell["method"].isin([best, final])]
        unscored = max(map(unscored_share, both["unscored"], both["samples"]))
        n = str(int(cell["prompts"].max()))
        harm = effect(names, fall, " %", n=n, trained=trained, unscored=unscored)
        if both["at"].notna().all():
            return replace(harm, matched=True)
        return compliance.beside(metrics, model, final, best, harm)
    if rivals[best].value == 0:
        text = (
            f"{model}: no percentage, {label(best)} leaves no harm and {label(final)} "
            f"{100 * means[final].value:.1f} %"
        )
        return Effect(Estimate(math.nan, math.nan, math.nan, means[final].seeds), text)
    return None


def stage2_complies(metrics: Path) -> list[Effect]:
    """Compliance of both stages minus that of the first, on every over-refusal set."""
    return [
        one
        for cell in compliance.benign_cells(metrics, "complies")
        for one in difference_over_bases(
            metrics, difference(metrics, "ipo_stage2", "ipo", cell), "ipo_stage2", "ipo", cell
        ).values()
    ]


def keeps_capability(margin: float) -> Effects:
    """Right answers of IPO minus those of the base, on average over the capability sets.

    One set alone may be too small for the margin: with 30 problems and the same answers the
    interval reaches from -11 to 11 points.
    """

    def effects(metrics: Path) -> list[Effect]:
        frame = read(metrics, "rates")
        sets = dict.fromkeys(frame.loc[frame["role"] == "capability", "prompt_set"]) if len(frame) else {}
        chosen = ["capability_average"] if "capability_average" in sets else list(sets)
        found: list[Effect] = []
        for prompt_set in chosen:
            cell = (prompt_set, "response", "correct")
            final = final_stage(metrics)
            of_cell = {
                model: compliance.losable(metrics, model, cell, one, margin)
                for model, one in difference(metrics, final, "base", cell).items()
            }
            found += difference_over_bases(metrics, of_cell, final, "base", cell).values()
        return found

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
    final = final_stage(metrics)
    return [
        effect(f"{m}, {label(x)}", first.minus(second), " nats", 1)
        for (m, x), (first, second) in halves.items()
        if x == final
    ]


def kl_higher(metrics: Path) -> list[Effect]:
    """Mean KL of IPO minus that of SFT on safe traces, over the first half of the positions."""
    frame = read(metrics, "kl")
    halves = _kl_halves(frame) if len(frame) else {}
    final = final_stage(metrics)
    return [
        effect(
            f"{m}, {label(final)} − {label('sft_safe')}", first.minus(halves[m, "sft_safe"][0]), " nats", 1
        )
        for (m, x), (first, _) in halves.items()
        if x == final and (m, "sft_safe") in halves
    ]


def generations(metrics: Path) -> list[Effect]:
    """GRPO's generations per prompt minus IPO's; counts, so the interval is a point.

    Not a number where GRPO was stopped before it had seen as many prompts as IPO samples for: what
    it would have needed is not known then.
    """
    frame = read(metrics, "efficiency")
    found = []
    for model, cell in frame.groupby("model", sort=False) if len(frame) else []:
        per = cell.groupby("method")[["generations_per_prompt", "generations"]].mean()
        if "ipo" not in per.index or "grpo_zy" not in per.index:
            continue
        needed = per["generations_per_prompt"]
        prompts = (per["generations"] / needed).round()
        more = float(needed["grpo_zy"] - needed["ipo"])
        text = f"{model}: GRPO {needed['grpo_zy']:.1f}, IPO {needed['ipo']:.1f} (counts, no interval)"
        if prompts["grpo_zy"] < prompts["ipo"]:
            seen, all_prompts = int(prompts["grpo_zy"]), int(prompts["ipo"])
            text += f", not comparable: GRPO ended after {seen} prompts, IPO samples for {all_prompts}"
            more = math.nan
        found.append(Effect(Estimate(more, more, more, cell["seed"].nunique()), text))
    return found
