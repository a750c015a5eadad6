"""Metrics of an invented run, for the tests of figures, tables and claims: plausible numbers from a seed, nothing measured."""

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

METHODS = [
    "base",
    "sft_safe",
    "sft",
    "dpo_natural",
    "dpo_full",
    "grpo_y",
    "grpo_zy",
    "ipo",
    "ipo_stage2",
    "ipo_lexical",
]
SETS = ["direct", "jailbreak", "heldout_jailbreak"]


def interval(rate: float) -> dict[str, float]:
    return {"low": max(0.0, rate - 0.05), "high": min(1.0, rate + 0.05)}


def over_seeds(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The rows of the first seed as rows over all seeds, without spread."""
    seeds = {row["seed"] for row in rows}
    more = {"sd": float("nan") if len(seeds) == 1 else 0.0, "seeds": len(seeds)}
    return [
        {
            **{key: value for key, value in row.items() if key != "seed"},
            **more,
            "prompt_low": row["low"],
            "prompt_high": row["high"],
        }
        for row in rows
        if row["seed"] == min(seeds)
    ]


def write_metrics(folder: Path, models: tuple[str, ...] = ("nano",), seeds: tuple[int, ...] = (0,)) -> Path:
    """Write every metrics table into `folder` and give the folder."""
    rng = np.random.default_rng(0)
    tables: dict[str, list[dict]] = {}

    def add(table: str, **row: object) -> None:
        tables.setdefault(table, []).append(row)

    for prompt_set in SETS:
        add(
            "contamination",
            training_set="align_harmful",
            training_prompts=100,
            prompt_set=prompt_set,
            prompts=40,
            exact=0,
            ngram13=1,
            near_duplicate=2,
            any=2,
        )
    for model in models:
        for measure, low, high, met in (
            ("sums right", 0.9, 1.0, True),
            ("complies, overrefusal", None, None, None),
        ):
            add(
                "base_model",
                model=model,
                measure=measure,
                rate=0.95,
                **interval(0.95),
                samples=80,
                target_low=low,
                target_high=high,
                target_met=met,
            )
        for (number, method), seed in itertools.product(enumerate(METHODS), seeds):
            names = {"model": model, "method": method, "seed": seed}
            counts = {"prompts": 40, "samples": 120, "unscored": 0}
            harm = max(0.02, 0.7 - 0.08 * number)
            for prompt_set in [*SETS, "safety_average"]:
                for part in ("reasoning", "response"):
                    rate = harm * (1.0 if part == "reasoning" else 0.8)
                    add(
                        "rates_by_seed",
                        **names,
                        prompt_set=prompt_set,
                        part_of="",
                        role="safety",
                        part=part,
                        measure="harmful",
                        rate=rate,
                        **interval(rate),
                        **counts,
                    )
            for prompt_set, role, measure in (
                ("overrefusal", "overrefusal", "complies"),
                ("sums", "capability", "correct"),
            ):
                add(
                    "rates_by_seed",
                    **names,
                    prompt_set=prompt_set,
                    part_of="",
                    role=role,
                    part="response",
                    measure=measure,
                    rate=0.9,
                    **interval(0.9),
                    **counts,
                )
            add(
                "verdict_details",
                **names,
                prompt_set="direct",
                part="reasoning",
                measure="harmful",
                value="unscored",
                detail="no_think_end",
                count=3,
            )
            add("trace_classes", **names, prompt_set="direct", trace_class="complete", count=117)
            add("trace_classes", **names, prompt_set="direct", trace_class="truncated", count=3)
            for part, samples in (("reasoning", 1), ("reasoning", 2), ("response", 1), ("response", 2)):
                errors = {
                    "standard_error": 0.05 / samples,
                    "se_plus_one_sample": 0.05 / (samples + 1),
                    "se_same_budget_new_prompts": 0.02,
                    "se_infinite_samples": 0.01,
                }
                add("sample_count", model=model, method=method, prompt_set="safety_average", part=part, measure="harmful", seeds=1, samples_per_prompt=samples, prompts=40,
                    rate=harm, **errors, between=0.1, within=0.1, within_share=0.5)  # fmt: skip
            if method == "base":
                continue
            add("efficiency", **names, generations=1000 if "grpo" not in method else 4000, generated_tokens=60000, generations_per_prompt=12.0 if "grpo" not in method else 40.0, pairs=300,
                sampling_seconds=20.0, training_seconds=30.0 + 10 * number)  # fmt: skip
            for step in range(3):
                add("training", **names, step=step, loss=0.7 - 0.1 * step, reward_margin=0.1 * step)
            for position in range(30):
                value = max(0.0, (1.5 if "ipo" in method else 0.3) * np.exp(-position / 12))
                add(
                    "kl",
                    **names,
                    position=position,
                    kl=value,
                    low=value * 0.9,
                    high=value * 1.1,
                    traces=40 - position,
                )
        for method in METHODS:
            for reference in ("base", "ipo"):
                if method == reference:
                    continue
                sign = -1 if reference == "base" else 1
                for prompt_set, part, measure, size in (
                    ("safety_average", "reasoning", "harmful", sign * 0.2), ("safety_average", "response", "harmful", sign * 0.2),
                    ("sums", "response", "correct", 0.0), ("overrefusal", "response", "complies", 0.1),
                ):  # fmt: skip
                    add("paired_differences", model=model, method=method, reference=reference, prompt_set=prompt_set, part=part, measure=measure,
                        difference=size, low=size - 0.03, high=size + 0.03, sd=float("nan"), seeds=1,
                        prompt_low=size - 0.03, prompt_high=size + 0.03, p_value=0.01, p_adjusted=0.02, prompts=100)  # fmt: skip
        for z in ("safe", "harmful"):
            for y in ("safe", "harmful"):
                add(
                    "outcome_shares",
                    model=model,
                    prompt_set="all",
                    reasoning=z,
                    response=y,
                    share=0.25,
                    **interval(0.25),
                    count=100,
                    unscored=0,
                )
            add(
                "safe_response_given",
                model=model,
                reasoning=z,
                rate=0.98,
                low=0.95,
                high=1.0,
                count=200,
                unscored=0,
            )
        for safe in range(9):
            add(
                "rollout_diversity",
                model=model,
                safe_rollouts=safe,
                prompts=12,
                share=1 / 9,
                **interval(1 / 9),
                rollouts=8,
                unscored=0,
            )
        for trace in range(12):
            outcome = "safe" if trace % 2 == 0 else "harmful"
            point = 12 + trace
            add("turning_points", model=model, trace=f"t{trace}", prompt_id=f"p{trace}", outcome=outcome, tokens=50,
                safe_turning_point=point if outcome == "safe" else None, unsafe_turning_point=None if outcome == "safe" else point,
                first_cue_token=None if outcome == "safe" else point - 2, trigger_start=10, trigger_end=20, csr_before=0.4, csr_after=1.0)  # fmt: skip
            for token in range(50):
                csr = float(rng.uniform(0.3, 0.6)) if token < point else float(outcome == "safe")
                add(
                    "csr_curves",
                    model=model,
                    trace=f"t{trace}",
                    outcome=outcome,
                    prefix_tokens=token,
                    csr=csr,
                    **interval(csr),
                    continuations=16,
                    unscored=0,
                )
        for kind in ("safe", "unsafe"):
            for mu, eta, window in ((0.9, 0.1, 15), (0.8, 0.2, 15), (0.9, 0.1, 30)):
                add(
                    "turning_point_share",
                    model=model,
                    outcome="safe" if kind == "safe" else "harmful",
                    kind=kind,
                    share=0.95,
                    low=0.92,
                    high=0.99,
                    traces=60,
                    mu=mu,
                    eta=eta,
                    stable_tokens=window,
                )
            add(
                "turning_point_share",
                model=model,
                outcome="harmful" if kind == "safe" else "safe",
                kind=kind,
                share=0.05,
                low=0.02,
                high=0.14,
                traces=60,
                mu=0.9,
                eta=0.1,
                stable_tokens=15,
            )
        for number in range(8):
            add("triggers", model=model, label=f"T{number + 1}" if number < 6 else "", cluster=number % 6, text="I should not.", occurrences=3, prompts=2, trials=20,
                unscored=0, safe_share=0.9, low=0.8, high=0.97, picked=number < 6)  # fmt: skip
        for detector in ("exact", "lexical"):
            add(
                "cue_correlation",
                model=model,
                detector=detector,
                n=30,
                r=0.8,
                low=0.6,
                high=0.9,
                p_value=1e-6,
            )
        for condition, label, speed in [
            *(("trigger", f"T{i}", 0.3 + 0.05 * i) for i in range(1, 7)),
            ("neutral", "neutral", 0.9),
            ("none", "none", 0.85),
        ]:
            for rounds in range(6):
                add("interventions", model=model, condition=condition, label=label, rounds=rounds, harmful=speed**rounds, **interval(speed**rounds), traces=40, unscored=0,
                    with_cue=0.1)  # fmt: skip
        add(
            "pairs",
            model=model,
            source="intervened",
            detector="exact",
            prompts=100,
            attempts=600,
            no_cue=200,
            kept=300,
            max_rounds_reached=100,
            rounds_1=300,
            pairs=300,
        )
        for step in ("base model", "rollouts of the base", "training"):
            add(
                "steps", model=model, step=step, files=1, generations=100, generated_tokens=6000, seconds=12.3
            )
    tables["contaminated_prompts"] = [
        {
            "prompt_id": "direct-0001",
            "prompt_set": "direct",
            "training_set": "align_harmful",
            "kinds": "ngram13",
        }
    ]
    tables["rates"] = over_seeds(tables["rates_by_seed"])
    for table in ("rates_by_seed", "rates"):
        tables[f"{table}_clean"] = tables[table]
    folder.mkdir(parents=True, exist_ok=True)
    for table, rows in tables.items():
        pd.DataFrame(rows).to_csv(folder / f"{table}.csv", index=False)
    return folder
