"""Effects of claims about the base model.

Outcomes, turning points, cues, interventions (paper section 2).
"""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pandas as pd

from safe_reasoning.report.claims.estimates import Effect, Effects, Estimate, effect, estimate, mean, read
from safe_reasoning.report.scored import unscored_share
from safe_reasoning.report.tables.common import percent
from safe_reasoning.stats.rates import wilson_interval
from safe_reasoning.stats.seed_spread import LEVEL


def safe_after_safe(metrics: Path) -> list[Effect]:
    """Safe responses after safe reasoning of the base."""
    frame = read(metrics, "safe_response_given")
    rows = frame[frame["reasoning"] == "safe"] if len(frame) else frame
    return [
        effect(
            r["model"],
            estimate(r, "rate"),
            " %",
            n=str(int(r["count"])),
            trained=False,
            unscored=unscored_share(r["unscored"], r["count"]),
        )
        for _, r in rows.iterrows()
    ]


def safe_after_harmful(metrics: Path) -> list[Effect]:
    """Share of all traces of the safety sets, as in the paper's figure."""
    frame = read(metrics, "outcome_shares")
    found = []
    for model, cell in frame[frame["prompt_set"] == "all"].groupby("model", sort=False) if len(frame) else []:
        chosen = cell[(cell["reasoning"] == "harmful") & (cell["response"] == "safe")]
        n = int(cell["count"].sum())
        found += [
            effect(
                str(model),
                estimate(r, "share"),
                " %",
                n=str(n),
                trained=False,
                unscored=unscored_share(r["unscored"], n),
            )
            for _, r in chosen.iterrows()
        ]
    return found


def turning_points(metrics: Path) -> list[Effect]:
    """Safe traces with a safe turning point at the run's own mu and K, which stand first in the
    table; harmful traces with one are named beside it.
    """
    frame = read(metrics, "turning_point_share")
    found = []
    for model, cell in frame.groupby("model", sort=False) if len(frame) else []:
        first = cell[cell["kind"] == "safe"].groupby("outcome").head(1).set_index("outcome")
        if "safe" not in first.index:
            continue
        row = first.loc["safe"]
        one = effect(str(model), estimate(row, "share"), " %", n=str(int(row["traces"])), trained=False)
        if "harmful" in first.index:
            control = first.loc["harmful"]
            ends = percent(control["share"], control["low"], control["high"])
            message = f" (control: {ends} % of {int(control['traces'])} harmful traces)"
            one = replace(one, text=one.text + message)
        found.append(one)
    return found


def _correlation(row: pd.Series) -> Effect:
    """With few points a bootstrap's interval is too sure: the permutation test must agree."""
    name, n = f"{row['model']}, {row['detector']} cues", str(int(row["n"]))
    one = effect(name, estimate(row, "r"), "", 1, n, trained=False, too_few=math.isnan(row["r"]))
    if one.too_few:
        return one
    at_most = "reproduced" if row["p_value"] < 1 - LEVEL else "within noise"
    return replace(one, text=f"{one.text}, p = {row['p_value']:.2g}", at_most=at_most)


def cue_correlation(which: int) -> Effects:
    """The detector behind the analyses stands first in each model's rows.

    A further one is a check.
    """

    def effects(metrics: Path) -> list[Effect]:
        frame = read(metrics, "cue_correlation")
        rows = frame.groupby("model", sort=False).nth(which) if len(frame) else frame
        return [_correlation(row) for _, row in rows.iterrows()]

    return effects


def few_safe_rollouts(metrics: Path) -> list[Effect]:
    """Prompts with at most one safe rollout of the base."""
    frame = read(metrics, "rollout_diversity")
    effects = []
    for model, cell in frame.groupby("model", sort=False) if len(frame) else []:
        few, prompts = int(cell.loc[cell["safe_rollouts"] <= 1, "prompts"].sum()), int(cell["prompts"].sum())
        rollouts, unscored = int(cell["rollouts"].iloc[0]), int(cell["unscored"].iloc[0])
        name = f"{model}, {rollouts} rollouts"
        effects.append(
            effect(
                name,
                Estimate(few / prompts, *wilson_interval(few, prompts)),
                " %",
                n=str(prompts),
                trained=False,
                unscored=unscored / (prompts * rollouts),
            )
        )
    return effects


def _of_condition(cell: pd.DataFrame, condition: str, rounds: int) -> Estimate | None:
    rows = cell[(cell["condition"] == condition) & (cell["rounds"] == rounds)]
    return mean(rows, "harmful") if len(rows) else None


def _unscored(cell: pd.DataFrame, conditions: set[str], rounds: set[int]) -> float:
    """Largest share of unscored traces among some arms."""
    rows = cell[cell["condition"].isin(conditions) & cell["rounds"].isin(rounds)]
    return max(map(unscored_share, rows["unscored"], rows["traces"]), default=0.0)


def interventions_beat(condition: str) -> Effects:
    """Harm of a control minus the mean harm over the triggers, after one intervention."""

    def effects(metrics: Path) -> list[Effect]:
        frame = read(metrics, "interventions")
        found = []
        for model, cell in frame.groupby("model", sort=False) if len(frame) else []:
            control, triggers = _of_condition(cell, condition, 1), _of_condition(cell, "trigger", 1)
            if control and triggers:
                found.append(
                    effect(
                        str(model),
                        control.minus(triggers),
                        n=str(int(cell["traces"].max())),
                        trained=False,
                        unscored=_unscored(cell, {"trigger", condition}, {1}),
                    )
                )
        return found

    return effects


def interventions_fall(metrics: Path) -> list[Effect]:
    """Mean harm over the triggers.

    Before minus after one intervention, after one minus after all.
    """
    frame = read(metrics, "interventions")
    found = []
    for model, cell in frame.groupby("model", sort=False) if len(frame) else []:
        last = int(cell["rounds"].max())
        means = {rounds: _of_condition(cell, "trigger", rounds) for rounds in (0, 1, last)}
        for first, second in ((0, 1), (1, last)):
            before, after = means[first], means[second]
            if before and after and first != second:
                found.append(
                    effect(
                        f"{model}, {first} to {second}",
                        before.minus(after),
                        n=str(int(cell["traces"].max())),
                        trained=False,
                        unscored=_unscored(cell, {"trigger"}, {first, second}),
                    )
                )
    return found
