"""What a run will cost, from its configuration alone: jobs, generations, tokens, calls of judges, GPU-hours, disk.

Counts of generations are exact where the configuration decides them (evaluation, rollouts, trials) and upper bounds
where the outcome does (interventions stop when no cue is left, a rollout without a cue gives no pair): those rows say
so. Tokens and times rest on the rates of the configuration's `plan`, or on a finished run's (`measured_rates`).
"""

from __future__ import annotations

from collections.abc import Sequence

from safe_reasoning.characterize.intervention_curve import CONTROLS
from safe_reasoning.characterize.trigger_mining import FURTHER_TRACES
from safe_reasoning.config import Config, HubModel, Method, Role
from safe_reasoning.judging.kinds import judge_sources
from safe_reasoning.plan.judge_calls import (
    asked_model,
    audits,
    detector_prompt_tokens,
    judge_prompt_tokens,
    judged,
    judged_again,
    with_hours_of_asked_model,
)
from safe_reasoning.plan.memory import BYTES_OF_WEIGHTS
from safe_reasoning.plan.step import Step, prompts_of
from safe_reasoning.prompts.benchmark import benchmarks
from safe_reasoning.sources.table import parameters
from safe_reasoning.training.recipe import INTERVENED, data_stems, recipe_of

SIDES = 2  # of a preference pair
SENTENCE_TOKENS = 8  # short, so that the bound holds


def _samples(config: Config, *roles: Role) -> list[tuple[Role, int]]:
    """(role, completions of one model) of each evaluation set."""
    return [(config.prompt_sets[name].role, count * config.prompt_sets[name].samples) for name, count in prompts_of(config, *roles).items()]


def _generated(config: Config, counts: Sequence[tuple[Role, int]]) -> tuple[int, float]:
    """Generations and tokens of (role, completions)."""
    return sum(count for _, count in counts), sum(count * config.plan.completion_tokens[role] for role, count in counts)


def _sampling(config: Config, model: str, stage: str, counts: Sequence[tuple[Role, int]], jobs: int = 1) -> Step:
    """A sampling step, with the judging of all that it sampled."""
    generations, tokens = _generated(config, counts)
    calls, call_tokens = judged(config, counts, config.evaluate.judge)
    hours = tokens / config.plan.generation_tokens_per_gpu_second / 3600
    chat = asked_model(config, config.evaluate.judge)
    return Step(model, stage, jobs, generations, tokens, hours, chat=chat, calls=calls, call_tokens=call_tokens)


def _characterization(config: Config, model: str) -> list[Step]:
    settings, judge = config.characterize, asked_model(config, config.evaluate.judge)
    role: Role = "characterize" if prompts_of(config, "characterize") else "align_harmful"
    reasoning = config.plan.reasoning_share * config.plan.completion_tokens[role]
    rate = config.plan.generation_tokens_per_gpu_second * 3600

    def asked(calls: int) -> float:
        return calls * (reasoning + judge_prompt_tokens(config, config.evaluate.judge))

    traces = SIDES * min(settings.csr_prompts, sum(prompts_of(config, role).values()))
    continuations = round(traces * (reasoning / settings.csr_stride + 1)) * settings.csr_continuations
    # Where the CSR traces give too few candidates, further traces are mined at their sentence ends (scripts/rank_triggers.py).
    further = round(FURTHER_TRACES * settings.csr_prompts * reasoning / SENTENCE_TOKENS) * settings.csr_continuations
    trials = (settings.trigger_candidates + 1) * settings.trigger_trials + further
    interventions = (settings.triggers + CONTROLS) * settings.intervention_traces * settings.intervention_rounds
    steps = []
    for stage, count, tokens in (
        ("continuation safety ratio", continuations, reasoning / 2),
        ("trigger trials", trials, reasoning),
        ("corrective interventions", interventions, reasoning),
    ):
        bound = stage != "continuation safety ratio"
        steps.append(Step(model, stage, 1, count, count * tokens, count * tokens / rate, bound, judge, count, asked(count)))
    cues = trials + interventions + settings.trigger_trials + settings.intervention_traces
    steps.append(Step(model, "their cues", 0, chat=asked_model(config, config.detector), calls=cues, call_tokens=asked(cues), bound=True))
    return steps


def _pairs(config: Config, model: str) -> list[Step]:
    methods = [config.method(model, name) for name in config.methods_of(model)]
    reasoning = config.plan.reasoning_share * config.plan.completion_tokens["align_harmful"]
    rate = config.plan.generation_tokens_per_gpu_second * 3600
    prompts = sum(prompts_of(config, "align_harmful").values())
    attempts = prompts * config.characterize.triggers
    steps = []
    for detector in sorted({m.detector for m in methods if INTERVENED in recipe_of(m).inputs.values()}):
        count = attempts * (1 + config.pairs.max_rounds)
        tokens, asked = count * reasoning, count * (reasoning + detector_prompt_tokens(config, detector))
        steps.append(
            Step(model, f"pairs, cues by {detector}", 1, count, tokens, tokens / rate, True, asked_model(config, detector), count, asked)
        )
    if any("benign_pairs" in recipe_of(m).inputs for m in methods):
        benign = sum(prompts_of(config, "align_benign").values()) * config.pairs.overrefusal_samples
        steps.append(_sampling(config, model, "over-refusal pairs", [("align_benign", benign * len(config.seeds))], len(config.seeds)))
    return steps


def _training(config: Config, model: str, name: str, method: Method) -> Step:
    """One method over all seeds. Rows are upper bounds: every attempt a pair."""
    plan, seeds = config.plan, len(config.seeds)
    disk = seeds * parameters_of(config, model) * BYTES_OF_WEIGHTS / 2**30 * 1e9
    recipe = recipe_of(method)
    if not recipe.trained:
        return Step(model, f"weights of {name}", seeds, disk_gib=disk / seeds)
    harmful, benign = (sum(prompts_of(config, role).values()) for role in ("align_harmful", "align_benign"))
    long, reasoning = plan.completion_tokens["align_harmful"], plan.reasoning_share * plan.completion_tokens["align_harmful"]
    attempts = harmful * config.characterize.triggers
    if recipe.learns_from_prompts:
        count = seeds * (method.max_steps * method.batch_size if method.max_steps else round(harmful * method.epochs * method.rollouts))
        hours = count * long * (1 / plan.generation_tokens_per_gpu_second + 1 / plan.training_tokens_per_gpu_second) / 3600
        return Step(model, f"training {name}", seeds, count, count * long, hours, disk_gib=disk)
    rows_of = {
        "intervened": attempts,
        "overrefusal": benign,
        "natural": harmful * config.characterize.rollouts // 2,
        "safe": harmful,
        "traces": benchmarks()[method.traces].traces if method.traces else 0,
    }
    rows = sum(rows_of[stem.partition("_")[0]] for stem in data_stems(method, 0))
    tokens = recipe.sides * (long if recipe.whole else reasoning)
    rows = min(rows, method.max_examples or rows)
    hours = seeds * rows * tokens * method.epochs / plan.training_tokens_per_gpu_second / 3600
    return Step(model, f"training {name}", seeds, gpu_hours=hours, bound=True, disk_gib=disk)


def _attacks(config: Config) -> list[Step]:
    steps = []
    for name, count in prompts_of(config, "safety", "align_harmful", "characterize").items():
        attack = config.attacks.get(config.prompt_sets[name].attack or "")
        if attack is None or attack.kind == "file":
            continue
        rounds = attack.streams * attack.iterations if attack.kind == "pair" else 1
        calls, tokens = count * rounds, config.plan.completion_tokens["safety"]
        steps.append(
            Step("", f"attack {name}", 1, chat=attack.attacker or "", calls=calls, call_tokens=calls * 1200, bound=attack.kind == "pair")
        )
        if attack.kind == "pair":
            hours = calls * tokens / config.plan.generation_tokens_per_gpu_second / 3600
            steps.append(Step("", f"attack {name}: target", 0, calls, calls * tokens, hours, bound=True))
            steps.append(
                Step("", f"attack {name}: score", 0, chat=attack.scorer or "", calls=calls, call_tokens=calls * (tokens + 300), bound=True)
            )
    return steps


def parameters_of(config: Config, model: str) -> float:
    """Parameters of a model in billions; 0 for the small ones that are made here."""
    entry = config.models[model]
    return parameters(entry.source) if isinstance(entry, HubModel) else 0.0


def plan(config: Config) -> list[Step]:
    """Every step of the run, in its order."""
    steps = _attacks(config) + audits(config)
    for source_id in judge_sources(config):
        steps.append(Step("", f"weights of {source_id}", 1, disk_gib=parameters(source_id) * BYTES_OF_WEIGHTS / 2**30 * 1e9))
    for model in config.models:
        weights = parameters_of(config, model) * BYTES_OF_WEIGHTS / 2**30 * 1e9
        steps.append(Step(model, "base model", 1, disk_gib=weights))
        harmful: list[tuple[Role, int]] = [
            ("align_harmful", n * config.characterize.rollouts) for n in prompts_of(config, "align_harmful").values()
        ]
        harmful += [("characterize", n * config.characterize.rollouts) for n in prompts_of(config, "characterize").values()]
        benign: list[tuple[Role, int]] = [
            ("align_benign", n * config.pairs.overrefusal_samples) for n in prompts_of(config, "align_benign").values()
        ]
        steps.append(_sampling(config, model, "rollouts", harmful + benign))
        steps += _characterization(config, model)
        steps += _pairs(config, model)
        methods = config.methods_of(model)
        steps += [_training(config, model, name, config.method(model, name)) for name in methods]
        variants = (1 + len(methods)) * len(config.seeds)
        one = _samples(config, "safety", "overrefusal", "capability")
        evaluated: list[tuple[Role, int]] = [(role, variants * count) for role, count in one]
        steps.append(_sampling(config, model, "evaluation", evaluated, variants))
        steps += judged_again(config, model, evaluated, variants)
    return [with_hours_of_asked_model(config, step) for step in steps if step.jobs or step.generations or (step.calls and step.chat)]
