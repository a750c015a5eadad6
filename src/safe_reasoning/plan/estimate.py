"""What a run will cost, from its configuration alone: jobs, generations, tokens, calls of judges with their price, GPU-hours, disk, memory.

Counts of generations are exact where the configuration decides them (evaluation, rollouts, trials) and upper bounds where the outcome does (interventions stop when no
cue is left, a rollout without a cue gives no pair): those rows say so. Tokens and times rest on the rates of the configuration's `plan`, or on a finished run's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from safe_reasoning.characterize.intervention_curve import CONTROLS
from safe_reasoning.characterize.trigger_mining import FURTHER_TRACES
from safe_reasoning.config import Config, HubModel, Method, Role
from safe_reasoning.config.judges import chat_of, source_of
from safe_reasoning.judge_audit import human_labels
from safe_reasoning.plan.memory import BYTES_OF_WEIGHTS
from safe_reasoning.prompts.prompt_sets import known_rows
from safe_reasoning.sources.table import parameters, source
from safe_reasoning.training.recipe import INTERVENED, data_stems, recipe_of

SIDES = 2  # of a preference pair
SENTENCE_TOKENS = 8  # short, so that the bound holds
# Tokens of the instruction itself, about; chat templates of guard models are estimates, not counted.
JUDGE_PROMPT_TOKENS = {
    "rubric": 420,
    "few_shot": 330,
    "strongreject": 700,
    "xstest": 260,
    "wildguard": 110,
    "harmbench": 330,
    "llama_guard": 300,
    "qwen3guard": 300,
}
# What judges are not asked about; the others are asked about both.
NO_COMPLIANCE, NO_HARM = ("llama_guard", "harmbench", "strongreject"), ("xstest",)
LABELLED_TOKENS = 190  # request and response of a text that people have labelled, in the mean of those at hand, at four characters a token
REPLY_TOKENS = 400  # of an endpoint that may write more
HARMFUL_ROLES = ("align_harmful", "characterize", "safety")


@dataclass(frozen=True)
class Step:
    """One line of the plan. `bound` marks an upper bound; `chat` names the endpoint or model that is asked `calls` times."""

    model: str
    stage: str
    jobs: int = 0
    generations: int = 0
    tokens: float = 0.0
    gpu_hours: float = 0.0
    bound: bool = False
    chat: str = ""
    calls: int = 0
    call_tokens: float = 0.0
    disk_gib: float = 0.0


def prompts_of(config: Config, *roles: Role) -> dict[str, int]:
    """Number of prompts of each set with one of these roles."""
    counts = {}
    for name, entry in config.prompt_sets.items():
        if entry.role in roles:
            there = known_rows(entry.source, config) - entry.skip
            counts[name] = min(there, entry.limit or there)
    return counts


def _samples(config: Config, *roles: Role) -> list[tuple[Role, int]]:
    """(role, completions of one model) of each evaluation set."""
    return [(config.prompt_sets[name].role, count * config.prompt_sets[name].samples) for name, count in prompts_of(config, *roles).items()]


def _generated(config: Config, counts: Sequence[tuple[Role, int]]) -> tuple[int, float]:
    """Generations and tokens of (role, completions)."""
    return sum(count for _, count in counts), sum(count * config.plan.completion_tokens[role] for role, count in counts)


def _judged(config: Config, counts: Sequence[tuple[Role, int]], judge: str) -> tuple[int, float]:
    """Calls of a judge and their tokens: reasoning and response apart on harmful prompts, the response alone on benign ones, none on capability sets or on
    what it does not judge."""
    calls, tokens = 0, 0.0
    for role, count in counts:
        harmful = role in HARMFUL_ROLES
        parts = 0 if role == "capability" or not _judges(config, judge, harmful) else 2 if harmful else 1
        calls += parts * count
        tokens += count * (config.plan.completion_tokens[role] if parts else 0) + parts * count * _judge_prompt_tokens(config, judge)
    return calls, tokens


def _judges(config: Config, judge: str, harm: bool) -> bool:
    """Whether a judge is asked about harm (or else about compliance) at all."""
    entry = config.judges.get(judge)
    return entry is None or entry.kind not in (NO_HARM if harm else NO_COMPLIANCE)


def _judge_prompt_tokens(config: Config, judge: str) -> int:
    """Tokens of a judge's instruction; 0 for one that asks nobody."""
    entry = config.judges.get(judge)
    return JUDGE_PROMPT_TOKENS.get(entry.kind, 0) if entry else 0


def _chat(config: Config, instrument: str) -> str:
    """Who is asked by a judge or cue detector (an endpoint, a model, or the judge's own weights); empty for those that ask nobody."""
    entry = config.judges.get(instrument) or config.detectors.get(instrument)
    return (chat_of(entry) or source_of(entry) or "") if entry else ""


def _sampling(config: Config, model: str, stage: str, counts: Sequence[tuple[Role, int]], jobs: int = 1) -> Step:
    """A sampling step, with the judging of all that it sampled."""
    generations, tokens = _generated(config, counts)
    calls, call_tokens = _judged(config, counts, config.evaluate.judge)
    hours = tokens / config.plan.generation_tokens_per_gpu_second / 3600
    chat = _chat(config, config.evaluate.judge)
    return Step(model, stage, jobs, generations, tokens, hours, chat=chat, calls=calls, call_tokens=call_tokens)


def _characterization(config: Config, model: str) -> list[Step]:
    settings, judge = config.characterize, _chat(config, config.evaluate.judge)
    role: Role = "characterize" if prompts_of(config, "characterize") else "align_harmful"
    reasoning = config.plan.reasoning_share * config.plan.completion_tokens[role]
    rate = config.plan.generation_tokens_per_gpu_second * 3600

    def asked(calls: int) -> float:
        return calls * (reasoning + _judge_prompt_tokens(config, config.evaluate.judge))

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
    steps.append(Step(model, "their cues", 0, chat=_chat(config, config.detector), calls=cues, call_tokens=asked(cues), bound=True))
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
        tokens, asked = count * reasoning, count * (reasoning + JUDGE_PROMPT_TOKENS["few_shot"])
        steps.append(
            Step(model, f"pairs, cues by {detector}", 1, count, tokens, tokens / rate, True, _chat(config, detector), count, asked)
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
        "traces": {"star1": 1000, "safechain": 40000, "unsafechain": 13604}.get(method.traces or "", 0),
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


def _judged_again(config: Config, model: str, counts: Sequence[tuple[Role, int]], jobs: int) -> list[Step]:
    """The further judges of the evaluation's generations."""
    steps = []
    for judge in config.evaluate.more_judges:
        calls, tokens = _judged(config, counts, judge)
        steps.append(Step(model, f"evaluation, judged by {judge}", jobs, chat=_chat(config, judge), calls=calls, call_tokens=tokens))
    return [step for step in steps if step.chat]


def _audits(config: Config) -> list[Step]:
    """Judges that are held against the texts that people have labelled."""
    if not config.evaluate.audit:
        return []
    rows = {source_id: source(source_id).rows or 0 for source_id in human_labels.sources_of(config.data_mirror)}
    steps = []
    for judge in config.evaluate.audit:
        texts = sum(count for source_id, count in rows.items() if _judges(config, judge, harm=source_id not in human_labels.XSTEST))
        tokens = texts * (LABELLED_TOKENS + _judge_prompt_tokens(config, judge))
        steps.append(Step("", f"audit of {judge}", 1, chat=_chat(config, judge), calls=texts, call_tokens=tokens))
    return [step for step in steps if step.chat]


def parameters_of(config: Config, model: str) -> float:
    """Parameters of a model in billions; 0 for the small ones that are made here."""
    entry = config.models[model]
    return parameters(entry.source) if isinstance(entry, HubModel) else 0.0


def _with_hours_of_chat(config: Config, step: Step) -> Step:
    """A judge or detector that is no endpoint runs on the run's GPUs. It reads the question, at the rate of sampling, which is slower than reading; a model of the
    run then reasons as long as on an evaluation prompt before it replies. Weights that only judge reply in a few tokens."""
    if not step.call_tokens or not step.chat or step.chat in config.endpoints:
        return step
    written = step.calls * config.plan.completion_tokens["safety"] if step.chat in config.models else 0
    hours = (step.call_tokens + written) / config.plan.generation_tokens_per_gpu_second / 3600
    return replace(step, gpu_hours=step.gpu_hours + hours)


def plan(config: Config) -> list[Step]:
    """Every step of the run, in its order."""
    steps = _attacks(config) + _audits(config)
    for source_id in config.judge_sources:
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
        steps += _judged_again(config, model, evaluated, variants)
    return [_with_hours_of_chat(config, step) for step in steps if step.jobs or step.generations or (step.calls and step.chat)]


def price(config: Config, step: Step) -> float:
    """USD of a step's calls; 0 for a local model."""
    endpoint = config.endpoints.get(step.chat)
    if endpoint is None:
        return 0.0
    return endpoint.usd(step.call_tokens, step.calls * min(endpoint.max_tokens, REPLY_TOKENS))


def with_measured_rates(config: Config, metrics: Path) -> Config:
    """The configuration with the rates and lengths that a finished run measured (its metrics/steps.csv) in the place of its own."""
    steps = pd.read_csv(metrics / "steps.csv").groupby("step")[["generations", "generated_tokens", "seconds"]].sum()
    sampled = steps[steps["generations"] > 0].drop(index="training", errors="ignore")
    rate = float(sampled["generated_tokens"].sum() / sampled["seconds"].sum())
    length = {step: float(row["generated_tokens"] / row["generations"]) for step, row in sampled.iterrows()}
    tokens = dict(config.plan.completion_tokens)
    for role in tokens:
        tokens[role] = length["evaluation" if role in ("safety", "overrefusal", "capability") else "rollouts of the base"]
    measured = config.plan.model_copy(update={"generation_tokens_per_gpu_second": rate, "completion_tokens": tokens})
    return config.model_copy(update={"plan": measured})


def totals(steps: Sequence[Step]) -> Step:
    """The sum over steps."""
    total = Step("", "in all")
    for field in ("jobs", "generations", "tokens", "gpu_hours", "calls", "call_tokens", "disk_gib"):
        total = replace(total, **{field: sum(getattr(step, field) for step in steps if field not in ("calls", "call_tokens") or step.chat)})
    return total
