"""What a run will cost, from its configuration alone.

Jobs, generations, tokens, calls of judges, GPU-hours, disk.

Counts of generations are exact where the configuration decides them (evaluation, rollouts, trials)
and upper bounds where the outcome does (interventions stop when no cue is left, a rollout without a
cue gives no pair): those rows say so. Tokens and times rest on the rates of the configuration's
`plan`, or on a finished run's (`measured_rates`).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from safe_reasoning.config import Config, Role
from safe_reasoning.judging.kinds import judge_sources
from safe_reasoning.pairs.demonstration import roles_of_rollouts
from safe_reasoning.plan.judge_calls import (
    audits,
    cue_audits,
    cues_marked,
    judged_again,
    judged_on_bsa,
    with_hours_of_asked_model,
)
from safe_reasoning.plan.memory import BYTES_OF_WEIGHTS
from safe_reasoning.plan.sampling_steps import characterization, completions, controlled, sampling
from safe_reasoning.plan.step import Step, prompts_of
from safe_reasoning.plan.training_steps import pairs, parameters_of, training
from safe_reasoning.prompts.attacks.worst_templates import template_prompts
from safe_reasoning.sampling.prompt_sets import kept_samples
from safe_reasoning.sources.table import parameters
from safe_reasoning.training.recipe import recipe_of

BEHIND = 5  # responses to a prompt: behind a reasoning of the base, none, its own twice, that in other words


def attacks(config: Config) -> list[Step]:
    """Calls of attackers, targets and scorers, for each attacked prompt set."""
    steps = []
    for name, count in prompts_of(config, "safety", "align_harmful", "characterize").items():
        attack = config.attacks.get(config.prompt_sets[name].attack or "")
        if attack is None or not attack.chats:
            continue
        rounds = attack.streams * attack.iterations if attack.kind == "pair" else 1
        calls, tokens = count * rounds, config.plan.completion_tokens["safety"]
        steps.append(
            Step(
                "",
                f"attack {name}",
                1,
                chat=attack.attacker or "",
                calls=calls,
                call_tokens=calls * 1200,
                bound=attack.kind == "pair",
            )
        )
        if attack.kind == "pair":
            hours = calls * tokens / config.plan.generation_tokens_per_gpu_second / 3600
            steps.append(Step("", f"attack {name}: target", 0, calls, calls * tokens, hours, bound=True))
            steps.append(
                Step(
                    "",
                    f"attack {name}: score",
                    0,
                    chat=attack.scorer or "",
                    calls=calls,
                    call_tokens=calls * (tokens + 300),
                    bound=True,
                )
            )
    return steps


def along_training(config: Config, model: str) -> list[Step]:
    """Evaluation of the weights kept along each training, in the jobs that evaluate its end."""
    trained = [name for name in config.methods_of(model) if recipe_of(config.methods[name]).trained]
    kept = len(trained) * len(config.seeds) * len(config.evaluate.checkpoints)
    if not kept:
        return []
    sets = prompts_of(config, "safety", "overrefusal", "capability")
    counts = [
        (config.prompt_sets[name].role, kept * kept_samples(config.prompt_sets[name]) * prompts)
        for name, prompts in sets.items()
    ]
    return [sampling(config, model, "evaluation along training", counts, jobs=0)]


def with_weights(config: Config, model: str) -> list[str]:
    """The methods of a model that have weights of their own."""
    return [name for name in config.methods_of(model) if recipe_of(config.methods[name]).has_weights]


def recovery(config: Config, model: str) -> list[Step]:
    """Continuations of beginnings of harmful reasonings, by the base and every method.

    Trained methods sample them in the jobs that evaluate them.
    """
    settings = config.evaluate
    one = settings.recovery_traces * (settings.recovery_sentences + 1) * settings.recovery_samples
    variants = (1 + len(with_weights(config, model))) * len(config.seeds)
    return [sampling(config, model, "recovery", [("safety", variants * one)], jobs=1)] if one else []


def attacked(config: Config, model: str) -> int:
    """How often a search is run on a model: on the base and each method that it is asked for."""
    methods = ["base", *with_weights(config, model)]
    return len([name for name in methods if config.attacked(name)]) * len(config.seeds)


def reliance(config: Config, model: str) -> list[Step]:
    """Responses behind given reasonings, by the base and every method with weights of its own.

    Behind each of the base's reasonings; on each of their prompts, which may be one, behind none,
    twice behind the method's own, and behind that in other words. Trained methods sample them in
    the jobs that evaluate them.
    """
    one = 2 * config.evaluate.reliance_traces * BEHIND
    variants = (1 + len(with_weights(config, model))) * len(config.seeds)
    if not one:
        return []
    steps = [replace(sampling(config, model, "reliance", [("safety", variants * one)], jobs=1), bound=True)]
    if chat := config.evaluate.paraphraser:
        calls = variants * 2 * config.evaluate.reliance_traces
        tokens = calls * config.plan.reasoning_share * config.plan.completion_tokens["safety"]
        steps.append(Step(model, "paraphrases", chat=chat, calls=calls, call_tokens=tokens, bound=True))
    return steps


def worst_case(config: Config, model: str) -> list[Step]:
    """Samples of items in every template, by the base and methods with weights of their own."""
    settings, variants = config.evaluate, attacked(config, model)
    asked = Counter({"safety": 0, "overrefusal": 0})
    for row in template_prompts(config) if settings.worst_templates else ():
        asked[row["role"]] += settings.worst_samples * (2 if row["role"] == "safety" else 1)
    counts: list[tuple[Role, int]] = [
        ("safety", variants * asked["safety"]),
        ("overrefusal", variants * asked["overrefusal"]),
    ]
    return [sampling(config, model, "worst case", counts, variants)] if asked["safety"] else []


def adaptive(config: Config, model: str) -> list[Step]:
    """Samples of attacks that search against each method, at most, and of what they found.

    Not counted: calls of chat models that attack or score, and the gradients of a suffix search.
    """
    settings, variants = config.evaluate, attacked(config, model)
    attacks = [config.attacks[name] for name in settings.adaptive_attacks]
    if not attacks:
        return []
    tried = sum(attack.iterations * attack.streams for attack in attacks)
    one = variants * settings.adaptive_prompts * settings.worst_samples
    fresh = 1 + len(attacks)  # plainly, and under each attack
    counts: list[tuple[Role, int]] = [("safety", one * (tried + fresh)), ("overrefusal", one * fresh)]
    return [replace(sampling(config, model, "adaptive attacks", counts, variants), bound=True)]


def before_training(config: Config, model: str) -> list[Step]:
    """Rollouts, characterization and pairs of one model."""
    harmful: list[tuple[Role, int]] = [
        ("align_harmful", n * config.characterize.rollouts)
        for n in prompts_of(config, "align_harmful").values()
    ]
    harmful += [
        ("characterize", n * config.characterize.rollouts)
        for n in prompts_of(config, "characterize").values()
    ]
    benign: list[tuple[Role, int]] = [
        (role, n * config.pairs.overrefusal_samples)
        for role in ("align_benign", "align_alarming")
        if role in roles_of_rollouts(config)
        for n in prompts_of(config, role).values()
    ]
    rollouts = sampling(config, model, "rollouts", harmful + benign)
    return [rollouts, *characterization(config, model), *pairs(config, model)]


def plan(config: Config) -> list[Step]:
    """Every step of the run, in its order."""
    steps = attacks(config) + audits(config) + cue_audits(config)
    for source_id in judge_sources(config):
        steps.append(
            Step(
                "",
                f"weights of {source_id}",
                1,
                disk_gib=parameters(source_id) * BYTES_OF_WEIGHTS / 2**30 * 1e9,
            )
        )
    for model in config.models:
        weights = parameters_of(config, model) * BYTES_OF_WEIGHTS / 2**30 * 1e9
        steps.append(Step(model, "base model", 1, disk_gib=weights))
        if config.stages == "all":
            steps += before_training(config, model)
        methods = config.methods_of(model)
        trained = with_weights(config, model)
        steps += [training(config, model, name, config.method(model, name)) for name in trained]
        variants = (1 + len(methods)) * len(config.seeds)
        one = completions(config, "safety", "overrefusal", "capability")
        evaluated: list[tuple[Role, int]] = [(role, variants * count) for role, count in one]
        given = sum(bool(config.methods[name].generations) for name in methods) * len(config.seeds)
        sampled = [(role, (variants - given) * count) for role, count in one]
        steps.append(sampling(config, model, "evaluation", sampled, variants - given))
        if given:
            judged = sampling(config, model, "given generations", [(r, given * n) for r, n in one], given)
            steps.append(replace(judged, generations=0, tokens=0.0, gpu_hours=0.0))
        steps += judged_again(config, model, evaluated, variants) + judged_on_bsa(config, model, variants)
        steps += cues_marked(config, model, sum(count for role, count in evaluated if role == "safety"))
        steps += controlled(config, model) + along_training(config, model) + recovery(config, model)
        steps += reliance(config, model) + worst_case(config, model) + adaptive(config, model)
    return [
        with_hours_of_asked_model(config, step)
        for step in steps
        if step.jobs or step.generations or (step.calls and step.chat)
    ]
