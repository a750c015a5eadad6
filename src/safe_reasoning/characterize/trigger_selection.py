"""Selection of safety triggers.

Candidates, trials, measured effects, the picked set (paper section 2).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from safe_reasoning.characterize import trigger_mining as mining
from safe_reasoning.characterize.csr_estimate import Reader
from safe_reasoning.characterize.intervention import Case, Sample, State, run_interventions
from safe_reasoning.characterize.intervention_curve import NEUTRAL
from safe_reasoning.characterize.trigger_mining import Candidate, Row, round_robin_by_prompt
from safe_reasoning.config import Config
from safe_reasoning.core.cli import progress
from safe_reasoning.core.errors import UserError
from safe_reasoning.core.trace import Tokenizer
from safe_reasoning.judging.base import CueDetector, Judge
from safe_reasoning.judging.cues import find_cues
from safe_reasoning.judging.verdicts import reasonings_are_safe
from safe_reasoning.prompts.attacks.rows import request_sha256
from safe_reasoning.sampling.ends import Ends
from safe_reasoning.sampling.sampler import Sampler


def find_triggers(
    rollouts: Sequence[Row],
    harmful: Mapping[str, bool | None],
    csr: Sequence[Row],
    sampler: Sampler,
    ends: Ends,
    open_reader: Callable[[], Reader],
    detector: CueDetector,
    judge: Judge,
    prompts: Mapping[str, Row],
    config: Config,
) -> dict[str, Any]:
    """Candidates from the safe turning points, their trials on harmful traces, and the picked
    triggers.

    Args:
        rollouts: generations of the base model on the prompts.
        harmful: whether the reasoning of each generation is harmful, by generation_id.
        csr: rows of schema csr; where they give too few candidates, further traces are read at
            their sentence ends.
        sampler: draws continuations up to the closing think tag.
        ends: what ends a completion of the model.
        open_reader: opens the model to draw ahead; called only where further traces are read.
        detector: finds the cue to replace, and those left.
        judge: of the reasoning.
        prompts: rows of schema prompts by prompt_id.
        config: the run's.

    Returns:
        The content of triggers.json.
    """
    settings, tokenizer = config.characterize, ends.tokenizer
    generations = {row["generation_id"]: row for row in rollouts}
    sentences = mining.trigger_sentences(csr, generations, harmful, tokenizer, settings)
    if len({mining.normalized(text) for _, text in sentences}) < settings.trigger_candidates:
        used = {row["prompt_id"] for row in csr}
        count = mining.FURTHER_TRACES * settings.csr_prompts
        further = mining.further_traces(list(generations.values()), harmful, used, count, config.world_seed)
        more = mining.csr_at_sentences(further, sampler, ends, open_reader, judge, prompts, config)
        progress(f"triggers: {more.generations} continuations sampled, {more.carried} more carried over")
        sentences += mining.trigger_sentences(more.rows, generations, harmful, tokenizer, settings)
    mined = mining.extract_candidates(sentences, settings.trigger_candidates)
    progress(f"triggers: {len(mined)} candidates at {len(sentences)} turning points")
    trials = choose_trials(
        list(generations.values()), harmful, tokenizer, detector, settings.trigger_trials, config.world_seed
    )
    neutral = Candidate(NEUTRAL, 0, 0)
    *measured, control = evaluate_candidates(
        [*mined, neutral], trials, sampler, tokenizer, detector, judge, prompts
    )
    candidates = candidate_rows(pick(measured, settings.triggers, control.safe_share))
    picked = [row for row in candidates if row["picked"]]
    for row in picked:  # without its text: a log outlives the setting that lets words be shown
        progress(f"{row['label']} safe after {row['safe_share']:.0%} of {row['trials']} trials")
    progress(f"neutral sentence: safe after {control.safe_share:.0%}")
    return {
        "triggers": picked,
        "candidates": candidates,
        "neutral": NEUTRAL,
        "neutral_safe_share": control.safe_share,
        "used_requests": used_requests(prompts, [row["prompt_id"] for row in trials], sentences),
    }


def used_requests(
    prompts: Mapping[str, Row], trials: Sequence[str], sentences: Sequence[tuple[str, str]]
) -> list[str]:
    """Digests of the requests on which triggers were tried, or from whose traces they were
    extracted.

    Triggers look better there. Requests and not prompts are named: one request may stand in several
    prompt sets under several names.
    """
    used = {*trials, *(prompt_id for prompt_id, _ in sentences)}
    return sorted({request_sha256(prompts[prompt_id]["request"]) for prompt_id in used})


def choose_trials(
    generations: Sequence[Row],
    harmful: Mapping[str, bool | None],
    tokenizer: Tokenizer,
    detector: CueDetector,
    trials: int,
    seed: int,
) -> list[Row]:
    """Harmful traces with a cue to try candidates on, of as many different prompts as there are,
    drawn with the seed.

    The detector reads as many traces at a time as are still missing, in the order of the draw: it
    may be a costly model.
    """
    by_prompt: dict[str, list[Row]] = defaultdict(list)
    for row in generations:
        if harmful.get(row["generation_id"]):
            by_prompt[row["prompt_id"]].append(row)
    drawn = iter(round_robin_by_prompt(by_prompt, len(generations), seed))
    chosen: list[Row] = []
    while batch := list(islice(drawn, trials - len(chosen))):
        cues = find_cues(tokenizer, [row["token_ids"] for row in batch], detector)
        chosen += [row for row, (cue, _) in zip(batch, cues, strict=True) if cue is not None]
    return chosen


def evaluate_candidates(
    candidates: Sequence[Candidate],
    trials: Sequence[Row],
    sample: Sample,
    tokenizer: Tokenizer,
    detector: CueDetector,
    judge: Judge,
    prompts: Mapping[str, Row],
) -> list[Candidate]:
    """Try every candidate once on every trial trace.

    One intervention, then is the reasoning safe and free of cues?

    Args:
        candidates: of `extract_candidates`.
        trials: of `choose_trials`; the same for all candidates.
        sample: draws continuations up to the closing think tag.
        tokenizer: of the model.
        detector: finds the cue to replace, and those left.
        judge: of the reasoning.
        prompts: rows of schema prompts by prompt_id.
    """
    if not trials:
        raise UserError(
            "no harmful trace with a compliance cue to try triggers on: sample more rollouts or use "
            "another cue detector"
        )
    cases = [
        Case(f"trial/{number}/{row['generation_id']}", row, candidate.text)
        for number, candidate in enumerate(candidates)
        for row in trials
    ]
    histories = run_interventions(sample, tokenizer, cases, detector, max_rounds=1)
    safe = _safe_without_cue(
        judge, [prompts[case.row["prompt_id"]] for case in cases], [history[-1] for history in histories]
    )
    measured = []
    for number, candidate in enumerate(candidates):
        own = safe[number * len(trials) : (number + 1) * len(trials)]
        measured.append(replace(candidate, trials=len(own), safe=own.count(True), unscored=own.count(None)))
    return measured


def _safe_without_cue(judge: Judge, prompts: Sequence[Row], states: Sequence[State]) -> list[bool | None]:
    """Whether each reasoning is safe and free of cues.

    One with a cue is not, and the judge is not asked.
    """
    asked = [(prompt, state.text) for prompt, state in zip(prompts, states, strict=True) if state.cue is None]
    judged = iter(reasonings_are_safe(judge, [prompt for prompt, _ in asked], [text for _, text in asked]))
    return [False if state.cue is not None else next(judged) for state in states]


def _cluster(texts: Sequence[str], clusters: int) -> list[int]:
    """Cluster number of each text: TF-IDF of words, average linkage on cosine distance."""
    if len(texts) <= clusters:
        return list(range(len(texts)))
    from sklearn.cluster import AgglomerativeClustering
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectors = TfidfVectorizer(token_pattern=r"(?u)\b\w+\b").fit_transform(texts).toarray()
    return [
        int(label)
        for label in AgglomerativeClustering(clusters, metric="cosine", linkage="average").fit_predict(
            vectors
        )
    ]


def pick(candidates: Sequence[Candidate], triggers: int, neutral_share: float) -> list[Candidate]:
    """Steps 4 to 6 of the rule: label the picked candidates T1, T2, ... in order of effectiveness.

    Args:
        candidates: measured ones.
        triggers: how many are wanted; with fewer candidates all are picked.
        neutral_share: `safe_share` of the neutral sentence on the same trials.

    Returns:
        All candidates, the picked ones first. The others have an empty label; those that did not
        come to be clustered have cluster -1.
    """
    ranked = sorted(candidates, key=lambda c: (-c.safe_share, -c.prompts, -c.occurrences, c.text))
    able = [c for c in ranked if c.interval[0] > neutral_share]
    able += [c for c in ranked if c not in able][: max(0, triggers - len(able))]
    clusters = _cluster([c.text for c in able], triggers)
    rest = [c for c in ranked if c not in able]
    best: dict[int, Candidate] = {}
    for candidate, cluster in zip(able, clusters, strict=True):
        if cluster in best:
            rest.append(replace(candidate, cluster=cluster))
        else:
            best[cluster] = replace(candidate, cluster=cluster, label=f"T{len(best) + 1}")
    return [*best.values(), *sorted(rest, key=lambda c: -c.safe_share)]


def candidate_rows(candidates: Sequence[Candidate]) -> list[dict[str, Any]]:
    """Candidates as plain rows, for triggers.json and the metrics.

    `trials` are all, `unscored` of them had no outcome; `safe_share` has its Wilson interval.
    """
    return [
        {
            "label": c.label,
            "cluster": c.cluster,
            "text": c.text,
            "occurrences": c.occurrences,
            "prompts": c.prompts,
            "trials": c.trials,
            "unscored": c.unscored,
            "safe_share": c.safe_share,
            "low": c.interval[0],
            "high": c.interval[1],
            "picked": bool(c.label),
        }
        for c in candidates
    ]
