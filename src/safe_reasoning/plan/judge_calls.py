"""Calls of judges: how many, how many tokens, and the GPU-hours of those that run here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from safe_reasoning.config import Config, Role
from safe_reasoning.judge_audit import human_labels
from safe_reasoning.judging.kinds import (
    audited_detectors,
    chat_of,
    kind_of_detector,
    kind_of_judge,
    weights_of,
)
from safe_reasoning.plan.step import Step, prompts_of
from safe_reasoning.sources.table import source

# Request and response of a text that people have labelled, in the mean, at four characters a token
LABELLED_TOKENS = 190
LABELLED_TRACES = 313  # of an annotation file of self-jailbreaking, at most
TRACE_TOKENS = 500  # of each, at most
REPLY_TOKENS = 400  # of an endpoint that may write more
HARMFUL_ROLES = ("align_harmful", "characterize", "safety")


def judged(config: Config, counts: Sequence[tuple[Role, int]], judge: str) -> tuple[int, float]:
    """Calls of a judge and their tokens.

    Reasoning and response apart on harmful prompts, the response alone on benign ones, none on
    capability sets or on what it does not judge.
    """
    calls, tokens = 0, 0.0
    for role, count in counts:
        harmful = role in HARMFUL_ROLES
        parts = 0 if role == "capability" or not _judges(config, judge, harmful) else 2 if harmful else 1
        calls += parts * count
        tokens += count * (config.plan.length_of(role) if parts else 0) + parts * count * judge_prompt_tokens(
            config, judge
        )
    return calls, tokens


def _judges(config: Config, judge: str, harm: bool) -> bool:
    """Whether a judge is asked about harm (or else about compliance) at all."""
    return ("harmful" if harm else "complies") in kind_of_judge(judge, config).criteria


def judge_prompt_tokens(config: Config, judge: str) -> int:
    """Tokens of a judge's instruction; 0 for one that asks no model."""
    return kind_of_judge(judge, config).prompt_tokens


def detector_prompt_tokens(config: Config, detector: str) -> int:
    """Tokens of a cue detector's instruction; 0 for one that asks no model."""
    return kind_of_detector(detector, config).prompt_tokens


def asked_model(config: Config, name: str) -> str:
    """What a judge or cue detector asks: an endpoint, a model, or the judge's own weights.

    Empty for none.
    """
    return chat_of(name, config) or weights_of(name, config) or ""


def judged_again(config: Config, model: str, counts: Sequence[tuple[Role, int]], jobs: int) -> list[Step]:
    """The further judges of the evaluation's generations."""
    steps = []
    for judge in config.evaluate.more_judges:
        calls, tokens = judged(config, counts, judge)
        steps.append(
            Step(
                model,
                f"evaluation, judged by {judge}",
                jobs,
                chat=asked_model(config, judge),
                calls=calls,
                call_tokens=tokens,
            )
        )
    return [step for step in steps if step.chat]


def judged_on_bsa(config: Config, model: str, variants: int) -> list[Step]:
    """The two questions of Beyond Safe Answers about each of its generations."""
    judge, sets = config.evaluate.bsa_judge, prompts_of(config, "safety")
    if not judge:
        return []
    count = variants * sum(sets[name] * config.prompt_sets[name].samples for name in config.bsa_sets)
    tokens = count * (config.plan.completion_tokens["safety"] + 2 * judge_prompt_tokens(config, judge))
    name, chat = f"evaluation, judged by {judge}", asked_model(config, judge)
    return [Step(model, name, variants, chat=chat, calls=2 * count, call_tokens=tokens)]


def cues_marked(config: Config, model: str, harmful: int) -> list[Step]:
    """Detectors that mark every cue in the evaluation's reasonings on harmful prompts."""
    steps = []
    for detector in config.evaluate.cue_rates:
        tokens = config.plan.completion_tokens["safety"] + detector_prompt_tokens(config, detector)
        chat, name = asked_model(config, detector), f"cues marked by {detector}"
        steps.append(Step(model, name, 1, chat=chat, calls=harmful, call_tokens=harmful * tokens))
    return [step for step in steps if step.chat]


def cue_audits(config: Config) -> list[Step]:
    """Detectors that are compared with labelled sentences; only the unsafe traces are read."""
    steps = []
    calls = len(config.evaluate.cue_labels) * LABELLED_TRACES
    for detector in audited_detectors(config) if calls else ():
        tokens = calls * (TRACE_TOKENS + detector_prompt_tokens(config, detector))
        chat, name = asked_model(config, detector), f"audit of {detector}"
        steps.append(Step("", name, 1, chat=chat, calls=calls, call_tokens=tokens, bound=True))
    return [step for step in steps if step.chat]


def audits(config: Config) -> list[Step]:
    """Judges that are compared with the texts that people have labelled."""
    if not config.evaluate.audit:
        return []
    rows = {
        source_id: source(source_id).rows or 0 for source_id in human_labels.sources_of(config.data_mirror)
    }
    steps = []
    for judge in config.evaluate.audit:
        texts = sum(
            count
            for source_id, count in rows.items()
            if _judges(config, judge, harm=source_id not in human_labels.XSTEST)
        )
        tokens = texts * (LABELLED_TOKENS + judge_prompt_tokens(config, judge))
        steps.append(
            Step("", f"audit of {judge}", 1, chat=asked_model(config, judge), calls=texts, call_tokens=tokens)
        )
    return [step for step in steps if step.chat]


def with_hours_of_asked_model(config: Config, step: Step) -> Step:
    """A judge or detector that is no endpoint runs on the run's GPUs.

    It reads the question, at the rate of sampling, which is slower than reading; a model of the
    run then reasons as long as on an evaluation prompt before it replies. Weights that only judge
    reply in a few tokens.
    """
    if not step.call_tokens or not step.chat or step.chat in config.endpoints:
        return step
    written = step.calls * config.plan.completion_tokens["safety"] if step.chat in config.models else 0
    hours = (step.call_tokens + written) / config.plan.generation_tokens_per_gpu_second / 3600
    return replace(step, gpu_hours=step.gpu_hours + hours)


def price(config: Config, step: Step) -> float:
    """USD of a step's calls; 0 for a local model."""
    endpoint = config.endpoints.get(step.chat)
    if endpoint is None:
        return 0.0
    return endpoint.usd(step.call_tokens, step.calls * min(endpoint.max_tokens, REPLY_TOKENS))
