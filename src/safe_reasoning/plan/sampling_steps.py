"""Steps of the plan that sample: rollouts, evaluation, characterization."""

from __future__ import annotations

from collections.abc import Sequence

from safe_reasoning.characterize.intervention_curve import CONTROLS
from safe_reasoning.characterize.trigger_mining import FURTHER_TRACES
from safe_reasoning.config import Config, Role
from safe_reasoning.control.policy import continuations_of, needs_of
from safe_reasoning.plan.characterized import INTERVENTIONS, characterized
from safe_reasoning.plan.judge_calls import asked_model, judge_prompt_tokens, judged
from safe_reasoning.plan.step import Step, prompts_of

SIDES = 2  # a safe and a harmful trace of each prompt
SENTENCE_TOKENS = 8  # short, so that the bound holds


def completions(config: Config, *roles: Role) -> list[tuple[Role, int]]:
    """(role, completions of one model) of each evaluation set."""
    return [
        (config.prompt_sets[name].role, count * config.prompt_sets[name].samples)
        for name, count in prompts_of(config, *roles).items()
    ]


def generated(config: Config, counts: Sequence[tuple[Role, int]]) -> tuple[int, float]:
    """Generations and tokens of (role, completions)."""
    return sum(count for _, count in counts), sum(
        count * config.plan.length_of(role) for role, count in counts
    )


def sampling(
    config: Config, model: str, stage: str, counts: Sequence[tuple[Role, int]], jobs: int = 1
) -> Step:
    """A sampling step, with the judging of all that it sampled."""
    generations, tokens = generated(config, counts)
    calls, call_tokens = judged(config, counts, config.evaluate.judge)
    hours = tokens / config.plan.generation_tokens_per_gpu_second / 3600
    chat = asked_model(config, config.evaluate.judge)
    return Step(
        model, stage, jobs, generations, tokens, hours, chat=chat, calls=calls, call_tokens=call_tokens
    )


def controlled(config: Config, model: str) -> list[Step]:
    """What policies sample beyond one evaluation, at most: every completion edited in each round.

    And what judges read beyond it: completions without what was inserted, and for policies that ask
    the judge each sentence of each round.
    """
    policies = [config.methods[name].policy for name in config.methods_of(model)]
    used = [name for name in policies if name]
    if not used:
        return []
    one, seeds = completions(config, "safety", "overrefusal", "capability"), len(config.seeds)
    again: list[tuple[Role, int]] = [
        (role, seeds * sum(continuations_of(config, name) for name in used) * count) for role, count in one
    ]
    judge = config.evaluate.judge
    calls, call_tokens = judged(config, [(role, seeds * len(used) * count) for role, count in one], judge)
    for name in used:
        if "judge" not in needs_of(config, name):
            continue
        rounds = 1 + continuations_of(config, name)
        for role, count in one:
            reasoning = config.plan.reasoning_share * config.plan.completion_tokens[role]
            asked = round(seeds * rounds * count * reasoning / SENTENCE_TOKENS)
            calls += asked
            call_tokens += asked * (reasoning + judge_prompt_tokens(config, judge))
    generations, tokens = generated(config, again)
    return [
        Step(
            model,
            "decode-time control, further rounds",
            generations=generations,
            tokens=tokens,
            gpu_hours=tokens / config.plan.generation_tokens_per_gpu_second / 3600,
            bound=True,
            chat=asked_model(config, judge),
            calls=calls,
            call_tokens=call_tokens,
        )
    ]


def characterization(config: Config, model: str) -> list[Step]:
    """Continuation safety ratio, trigger trials and corrective interventions of one model."""
    made = characterized(config, model)
    if not made:
        return []
    settings, judge = config.characterize, asked_model(config, config.evaluate.judge)
    role: Role = "characterize" if prompts_of(config, "characterize") else "align_harmful"
    reasoning = config.plan.reasoning_share * config.plan.completion_tokens[role]
    rate = config.plan.generation_tokens_per_gpu_second * 3600

    def asked(calls: int) -> float:
        return calls * (reasoning + judge_prompt_tokens(config, config.evaluate.judge))

    prompts = min(settings.csr_prompts, sum(prompts_of(config, role).values()))
    # All at a prompt's first prefix, which its traces share, then those that left their trace
    fresh = 1 - config.plan.followed_share**settings.csr_stride if settings.csr_reuse else 1.0
    first = 1 if settings.csr_reuse else SIDES
    continuations = round(
        prompts * (SIDES * reasoning / settings.csr_stride * fresh + first) * settings.csr_continuations
    )
    # Where the CSR traces give too few candidates, further traces are mined at their sentence ends
    # (scripts/rank_triggers.py). What is carried over is left out of this bound: most continuations
    # leave a trace within a sentence.
    further = (
        round(FURTHER_TRACES * settings.csr_prompts * reasoning / SENTENCE_TOKENS)
        * settings.csr_continuations
    )
    trials = (settings.trigger_candidates + 1) * settings.trigger_trials + further
    traces = settings.intervention_traces if INTERVENTIONS in made else 0
    interventions = (settings.triggers + CONTROLS) * traces * settings.intervention_rounds
    steps = []
    for stage, count, tokens in (
        ("continuation safety ratio", continuations, reasoning / 2),
        ("trigger trials", trials, reasoning),
        ("corrective interventions", interventions, reasoning),
    ):
        if not count:
            continue
        bound = stage != "continuation safety ratio"
        steps.append(
            Step(
                model,
                stage,
                1,
                count,
                count * tokens,
                count * tokens / rate,
                bound,
                judge,
                count,
                asked(count),
                estimated=not bound,
            )
        )
    cues = trials + interventions + settings.trigger_trials + traces
    steps.append(
        Step(
            model,
            "their cues",
            0,
            chat=asked_model(config, config.detector),
            calls=cues,
            call_tokens=asked(cues),
            bound=True,
        )
    )
    return steps
