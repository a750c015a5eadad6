"""Steps of the plan that build pairs and train on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from safe_reasoning.config import Config, FolderModel, HubModel, Method
from safe_reasoning.config.methods import PROMPT_ROLES
from safe_reasoning.core.model_folder import parameters_in
from safe_reasoning.pairs.demonstration import (
    Counts,
    detector_of,
    kind_of,
    needs_of,
    roles_of,
    samples_of,
    settings_of,
)
from safe_reasoning.plan.judge_calls import asked_model, detector_prompt_tokens, judge_prompt_tokens
from safe_reasoning.plan.memory import BYTES_OF_WEIGHTS
from safe_reasoning.plan.sampling_steps import sampling
from safe_reasoning.plan.step import Step, prompts_of
from safe_reasoning.prompts.benchmark import benchmarks
from safe_reasoning.sources.table import parameters
from safe_reasoning.training.recipe import INTERVENED, data_stems, recipe_of


def parameters_of(config: Config, model: str) -> float:
    """Parameters of a model in billions; 0 for the small ones that are made here."""
    entry = config.models[model]
    if isinstance(entry, FolderModel):
        return parameters_in(Path(entry.path))
    return parameters(entry.source) if isinstance(entry, HubModel) else 0.0


def demonstrations_of(config: Config, model: str) -> list[str]:
    """The demonstrations that the methods of a model learn from."""
    named = [config.methods[name].demonstrations for name in config.methods_of(model)]
    return [name for name in dict.fromkeys(named) if name]


def counts(config: Config, name: str) -> Counts:
    """What the upper bounds of demonstrations are counted from."""
    harmful, *benign = (sum(prompts_of(config, role).values()) for role in roles_of(config, name))
    return Counts(
        harmful,
        sum(benign),
        config.characterize.rollouts,
        config.pairs.overrefusal_samples,
        config.characterize.triggers,
    )


def sampled_demonstrations(config: Config, model: str) -> list[Step]:
    """What demonstrations sample by themselves, at most."""
    sampled = [
        (name, samples_of(config, name, counts(config, name))) for name in demonstrations_of(config, model)
    ]
    return [
        replace(sampling(config, model, f"demonstrations {name}", [("align_harmful", number)]), bound=True)
        for name, number in sampled
        if number
    ]


def siblings(config: Config, model: str, methods: Sequence[Method]) -> list[Step]:
    """Next sentences drawn along rollouts, and those of a tree search, if some method learns from
    them. Every completion is judged at most once.
    """
    prompts = sum(prompts_of(config, "align_harmful").values())
    reasoning = config.plan.reasoning_share * config.plan.completion_tokens["align_harmful"]
    along, tree = config.siblings, config.siblings.ucb
    stems = {stem for method in methods for stem in data_stems(method, 0) if stem.startswith("siblings_")}
    searched = {stem for stem in stems if "_ucb" in stem}
    # Of the base once, of a method that others start from once a seed
    starts = {stem.partition("_ucb")[2] for stem in searched}
    trees = sum(len(config.seeds) if start else 1 for start in starts)
    counts = {
        "siblings": along.depth * along.width * along.continuations if stems - searched else 0,
        "tree search": trees * tree.iterations * tree.width,
    }
    judge, steps = asked_model(config, config.evaluate.judge), []
    for stage, of_prompt in counts.items():
        count = prompts * of_prompt
        tokens = count * reasoning
        hours = tokens / config.plan.generation_tokens_per_gpu_second / 3600
        asked = tokens + count * judge_prompt_tokens(config, config.evaluate.judge)
        steps.append(Step(model, stage, 1, count, tokens, hours, True, judge, count, asked))
    return [step for step in steps if step.generations]


def pairs(config: Config, model: str) -> list[Step]:
    """Intervened pairs by cue detector, over-refusal pairs, and demonstrations of one model."""
    methods = [config.method(model, name) for name in config.methods_of(model)]
    reasoning = config.plan.reasoning_share * config.plan.completion_tokens["align_harmful"]
    rate = config.plan.generation_tokens_per_gpu_second * 3600
    prompts = sum(prompts_of(config, "align_harmful").values())
    attempts = prompts * config.characterize.triggers
    steps = []
    detectors = {m.detector for m in methods if INTERVENED in recipe_of(m).inputs.values()}
    detectors |= {
        detector_of(config, name)
        for name in demonstrations_of(config, model)
        if "pairs" in needs_of(config, name)
    }
    for detector in sorted(detectors):
        count = attempts * (1 + config.pairs.max_rounds)
        tokens, asked = count * reasoning, count * (reasoning + detector_prompt_tokens(config, detector))
        steps.append(
            Step(
                model,
                f"pairs, cues by {detector}",
                1,
                count,
                tokens,
                tokens / rate,
                True,
                asked_model(config, detector),
                count,
                asked,
            )
        )
    if steps and (judge := asked_model(config, config.evaluate.judge)):
        # The harm of rollouts without a cue: at most every rollout has none.
        calls = attempts * len(steps)
        asked = calls * (reasoning + judge_prompt_tokens(config, config.evaluate.judge))
        steps.append(
            Step(model, "pairs without a cue", 0, chat=judge, calls=calls, call_tokens=asked, bound=True)
        )
    steps += siblings(config, model, methods)
    if any(stem.startswith("overrefusal_") for m in methods for stem in data_stems(m, 0)):
        benign = sum(prompts_of(config, "align_benign").values()) * config.pairs.overrefusal_samples
        steps.append(
            sampling(
                config,
                model,
                "over-refusal pairs",
                [("align_benign", benign * len(config.seeds))],
                len(config.seeds),
            )
        )
    return steps + sampled_demonstrations(config, model)


def _sampled_in_training(config: Config, method: Method) -> tuple[int, float]:
    """Completions that one training with reinforcement learning samples, and their tokens.

    A kind of prompts counts by its share; without `max_steps` one epoch sees as many prompts as
    there are of all its kinds.
    """
    roles = {PROMPT_ROLES[kind]: share for kind, share in method.prompts.items()}
    prompts = sum(prompts_of(config, *roles).values())
    count = (
        method.max_steps * method.batch_size
        if method.max_steps
        else round(prompts * method.epochs * method.rollouts)
    )
    total = sum(roles.values())
    return count, count * sum(config.plan.length_of(role) * share / total for role, share in roles.items())


def training(config: Config, model: str, name: str, method: Method) -> Step:
    """One method over all seeds. Rows are upper bounds: every attempt a pair."""
    plan, seeds = config.plan, len(config.seeds)
    disk = seeds * parameters_of(config, model) * BYTES_OF_WEIGHTS / 2**30 * 1e9
    recipe = recipe_of(method)
    if not recipe.trained:
        return Step(model, f"weights of {name}", seeds, disk_gib=disk / seeds)
    disk *= 1 + len(config.evaluate.checkpoints)
    harmful, benign = (sum(prompts_of(config, role).values()) for role in ("align_harmful", "align_benign"))
    long, reasoning = (
        plan.completion_tokens["align_harmful"],
        plan.reasoning_share * plan.completion_tokens["align_harmful"],
    )
    attempts = harmful * config.characterize.triggers
    if recipe.learns_from_prompts:
        count, tokens = _sampled_in_training(config, method)
        rates = 1 / plan.generation_tokens_per_gpu_second + 1 / plan.training_tokens_per_gpu_second
        hours = seeds * tokens * rates / 3600
        return Step(model, f"training {name}", seeds, seeds * count, seeds * tokens, hours, disk_gib=disk)
    rows_of = {
        "intervened": attempts,
        "overrefusal": benign,
        "natural": harmful * config.characterize.rollouts // 2,
        "safe": harmful,
        "groups": harmful,
        "short": benign,
        "siblings": harmful
        * (config.siblings.ucb.iterations if method.search == "ucb" else config.siblings.depth),
        "traces": benchmarks()[method.traces].traces if method.traces else 0,
    }
    if made := method.demonstrations:
        rows_of["demonstrations"] = kind_of(config, made).rows(
            settings_of(config, made), counts(config, made)
        )
    rows = sum(rows_of[stem.partition("_")[0]] for stem in data_stems(method, 0))
    # Of a group: its completions and a benign one
    sides = method.salt.group + 1 if "groups" in recipe.inputs else recipe.sides
    tokens = sides * (long if recipe.whole else reasoning)
    rows = min(rows, method.max_examples or rows)
    hours = seeds * rows * tokens * method.epochs / plan.training_tokens_per_gpu_second / 3600
    return Step(model, f"training {name}", seeds, gpu_hours=hours, bound=True, disk_gib=disk)
