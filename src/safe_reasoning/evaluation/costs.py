"""What the methods cost (our efficiency table; paper section 3: at most 14 generations per prompt
for IPO, at least 40 for GRPO).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from safe_reasoning.core.run_layout import Variant

Meta = Mapping[str, Any]
# Made of rollouts of the base, at a share of their cost
FROM_ROLLOUTS = ("natural", "overrefusal", "groups", "short_answers")
OF_BENIGN = ("overrefusal", "short_answers")


def efficiency(
    trained: Mapping[Variant, Meta],
    built_from: Mapping[Variant, Sequence[str]],
    files: Mapping[str, Meta],
    rollouts: Meta,
    stage1: Mapping[Variant, Meta] | None = None,
) -> list[dict[str, Any]]:
    """One row per method and seed.

    Generations, generated tokens, pairs, seconds of sampling and of training.

    Natural pairs cost the rollouts of harmful prompts that they are picked from, groups those of
    benign prompts too, short answers those of benign ones alone; over-refusal pairs cost their own
    samples and as many rollouts of the base, whose answers are their other side. Demonstrations
    cost what they sampled and the rollouts that they are picked from. A part of the rollouts costs
    its share of their tokens and seconds. A second stage holds the training of the first. GRPO
    samples while it trains: its seconds are all training. The search for triggers is part of the
    characterization and not counted, as in the paper. Generations are divided by harmful prompts,
    since benign ones have other numbers of samples.

    Args:
        trained: training.json of each method and seed.
        built_from: stems of the data files of each.
        files: meta files of these data files, by stem.
        rollouts: meta file of the base model's rollouts.
        stage1: training.json of the first stage of each method that goes on from one.
    """
    rows = []
    for variant, training in trained.items():
        metas = [files[stem] for stem in built_from[variant]]
        costs = [_sampling(meta, rollouts) for meta in metas]
        pairs = [meta for meta in metas if meta.get("source") != "prefixes"]
        generations = sum(cost["generations"] for cost in costs) + training.get("generations", 0)
        harmful = sum(meta.get("prompts", 0) for meta in metas if meta.get("source") not in OF_BENIGN)
        prompts = harmful or training.get("prompts", 0)
        first = (stage1 or {}).get(variant, {"seconds": 0.0})
        rows.append(
            {
                "method": variant.method,
                "seed": variant.seed,
                "generations": generations,
                "generated_tokens": round(sum(cost["generated_tokens"] for cost in costs))
                + training.get("generated_tokens", 0),
                "generations_per_prompt": generations / prompts if prompts else None,
                "pairs": sum(meta["rows"] for meta in pairs) if pairs else None,
                "sampling_seconds": sum(cost["sampling_seconds"] for cost in costs),
                "training_seconds": first["seconds"] + training["seconds"],
            }
        )
    return rows


def budgets(
    efficiency_rows: Sequence[Mapping[str, Any]],
    trained: Mapping[Variant, Meta],
    stage1: Mapping[Variant, Meta] | None = None,
) -> list[dict[str, Any]]:
    """What each method was given, so that equal budgets can be seen.

    One row per method and seed: steps, rows of a step, tokens that went through the training
    (prompts included; for GRPO the completions), and what was sampled for it. A second stage holds
    the training of the first.

    Args:
        efficiency_rows: of `efficiency`.
        trained: training.json of each method and seed.
        stage1: training.json of the first stage of each method that goes on from one.
    """
    rows = []
    for row in efficiency_rows:
        variant = Variant(row["method"], row["seed"])
        parts = [trained[variant], *([stage1[variant]] if stage1 and variant in stage1 else [])]
        settings = trained[variant].get("settings", {})
        rows.append(
            {
                **variant._asdict(),
                "steps": sum(part["steps"] for part in parts),
                "rows_per_step": settings.get("batch_size"),
                "learning_rate": settings.get("learning_rate"),
                "trained_tokens": round(sum(map(_trained_tokens, parts))),
                "generations": row["generations"],
                "generated_tokens": row["generated_tokens"],
                "seconds": row["sampling_seconds"] + row["training_seconds"],
            }
        )
    return rows


def _trained_tokens(training: Meta) -> float:
    """Tokens of all rows that were seen, a row once in every pass."""
    if not training["steps"]:
        return 0.0
    if "generated_tokens" in training:
        return float(training["generated_tokens"])
    seen = training["steps"] * training["settings"]["batch_size"]
    return float(training["tokens"] * seen / training["examples"])


def _sampling(meta: Meta, rollouts: Meta) -> dict[str, float]:
    """Generations, tokens and seconds of sampling behind a file of training rows."""
    own = {name: meta.get(name, 0) for name in ("generations", "generated_tokens", "sampling_seconds")}
    used = meta.get("attempts", 0) if meta.get("source") in FROM_ROLLOUTS else 0
    used = meta.get("rollouts_used", used)
    share = used / rollouts["generations"] if used else 0.0
    return {
        "generations": own["generations"] + used,
        **{name: own[name] + share * rollouts.get(name, 0) for name in list(own)[1:]},
    }


def pair_counts(files: Mapping[str, Meta]) -> list[dict[str, Any]]:
    """One row per pair file: prompts, attempts and why attempts gave no pair.

    The seed of those that each seed has again (over-refusal pairs).
    """
    columns = (
        "prompts",
        "attempts",
        "no_cue",
        "no_cue_harmful",
        "cue_undetermined",
        "kept",
        "max_rounds_reached",
        "rounds_1",
    )
    return [
        {
            "source": meta["source"],
            "detector": meta.get("detector", ""),
            "seed": stem.partition("_seed")[2],
            **{column: meta.get(column) for column in columns},
            "pairs": meta["rows"],
        }
        for stem, meta in files.items()
        if meta["schema"] == "pairs"
    ]


def training_curves(trained: Mapping[Variant, Meta]) -> list[dict[str, Any]]:
    """One row per logged step: loss and, for preference training, the reward margin."""
    return [
        {
            "method": variant.method,
            "seed": variant.seed,
            "step": point["step"],
            "loss": point["loss"],
            "reward_margin": point.get("reward_margin"),
        }
        for variant, training in trained.items()
        for point in training["loss_curve"]
    ]
