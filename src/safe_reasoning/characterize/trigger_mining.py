"""Safety triggers (paper section 2): mined at safe turning points, tried on harmful traces, and picked by a fixed rule.

The paper picked six "representative" triggers from its pool and does not say how. Our rule:
1. Mine the sentence at the safe turning point of every safe trace that has one. Sentences that differ in case, white space or end marks are one candidate.
   If they give too few candidates, mine further safe traces, where CSR is estimated after whole sentences only: a tenth of the cost of every token.
2. Keep the candidates mined from the most prompts: a sentence that several prompts brought forth is no prompt's own.
3. Measure each, and a neutral sentence: the share of trial traces (harmful, cut before their first cue) whose continuation after it is safe and free of cues.
4. Keep those that clearly beat the neutral sentence (the low end of their interval lies above its share). If they are fewer than the triggers wanted, fill
   up with the next most effective.
5. Cluster what is left by wording (TF-IDF of words, average linkage on cosine distance) into as many clusters as triggers are wanted.
6. Pick the most effective candidate of each cluster; ties go to the one mined from more prompts.
"""

from __future__ import annotations

import random
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice
from typing import Any

from safe_reasoning.characterize.continuation_safety import by_trace, continuation_requests, csr_rows, curve
from safe_reasoning.characterize.turning_points import TokenSpan, safe_turning_point, sentence_at, sentence_spans
from safe_reasoning.config import Characterize
from safe_reasoning.errors import UserError
from safe_reasoning.intervene import Case, Sample, find_cue, run_interventions
from safe_reasoning.judging.judge import CueDetector, Judge, reasoning_is_safe
from safe_reasoning.stats import wilson_interval
from safe_reasoning.text import Tokenizer, split_sentences, split_trace, token_ends

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Candidate:
    """A mined sentence. `mined` traces of `prompts` prompts hold it at their turning point; `safe` of the scored of `trials` trials came out safe."""

    text: str
    mined: int
    prompts: int
    trials: int = 0
    safe: int = 0
    unscored: int = 0
    cluster: int = -1
    label: str = ""

    @property
    def scored(self) -> int:
        """Trials with an outcome."""
        return self.trials - self.unscored

    @property
    def safe_share(self) -> float:
        """Share of the scored trials that came out safe and free of cues; 0 when none was scored."""
        return self.safe / self.scored if self.scored else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson interval of `safe_share`; NaN when no trial was scored."""
        return wilson_interval(self.safe, self.scored)


def trace_spans(trace: Row, tokenizer: Tokenizer) -> list[TokenSpan]:
    """Token spans of the sentences of a generation's reasoning."""
    ids = list(trace["token_ids"])
    parts = split_trace(trace["text"])
    return sentence_spans(split_sentences(trace["text"][parts.start : parts.end]), token_ends(tokenizer, ids), parts.start)


def trigger_sentences(
    csr: Sequence[Row], traces: Mapping[str, Row], harmful: Mapping[str, bool | None], tokenizer: Tokenizer, settings: Characterize
) -> list[tuple[str, str]]:
    """Prompt and trigger of each safe trace: the sentence that holds its safe turning point, where it has one.

    Args:
        csr: rows of schema csr.
        traces: rows of schema generations by generation_id.
        harmful: verdict on the reasoning of each trace.
        tokenizer: of the model.
        settings: mu and K.
    """
    found = []
    for name, rows in by_trace(csr).items():
        point = safe_turning_point(*curve(rows), settings.safe_threshold, settings.stable_tokens)
        if not harmful[name] and point is not None and (span := sentence_at(trace_spans(traces[name], tokenizer), point)):
            found.append((traces[name]["prompt_id"], span.text))
    return found


def further_traces(
    generations: Sequence[Row], harmful: Mapping[str, bool | None], used: Collection[str], number: int, seed: int
) -> list[Row]:
    """Safe complete traces to mine beyond those with a CSR at every token, of as many prompts as possible, drawn with the seed.

    Args:
        generations: rollouts (schema generations).
        harmful: verdict on the reasoning by generation_id.
        used: prompts whose traces were mined already.
        number: at most this many.
        seed: of the draw.
    """
    by_prompt: dict[str, list[Row]] = defaultdict(list)
    for row in generations:
        if harmful.get(row["generation_id"]) is False and row["prompt_id"] not in used and split_trace(row["text"]).kind == "complete":
            by_prompt[row["prompt_id"]].append(row)
    return spread_over_prompts(by_prompt, number, seed)


def csr_at_sentences(
    traces: Sequence[Row], sample: Sample, tokenizer: Tokenizer, judge: Judge, prompts: Mapping[str, Row], continuations: int
) -> list[dict[str, Any]]:
    """Continuation safety ratio before the reasoning and after each of its sentences.

    Args:
        traces: rows of schema generations.
        sample: draws continuations up to the closing think tag.
        tokenizer: of the model.
        judge: of the reasoning.
        prompts: rows of schema prompts by prompt_id.
        continuations: samples a prefix.

    Returns:
        Rows of schema csr.
    """
    requests = [
        continuation_requests(trace, sorted({0, *(span.end for span in trace_spans(trace, tokenizer))}), continuations) for trace in traces
    ]
    sampled = iter(sample(list(chain.from_iterable(requests)), "trigger mining"))
    rows = []
    for trace, asked in zip(traces, requests, strict=True):
        rows += csr_rows(trace, list(islice(sampled, len(asked))), judge, prompts[trace["prompt_id"]])
    return rows


def normalized(sentence: str) -> str:
    """What makes two sentences one candidate: words without case, white space or end marks."""
    return re.sub(r"\s+", " ", sentence).strip(" .!?,;:\"'").casefold()


def mine(sentences: Sequence[tuple[str, str]], candidates: int) -> list[Candidate]:
    """Distinct candidates from (prompt_id, sentence), those of the most prompts first, then those mined most; at most `candidates`.

    A candidate's text is its most frequent form.
    """
    forms: dict[str, Counter[str]] = defaultdict(Counter)
    prompts: dict[str, set[str]] = defaultdict(set)
    for prompt_id, sentence in sentences:
        key = normalized(sentence)
        if re.search(r"\w", key):
            forms[key][sentence] += 1
            prompts[key].add(prompt_id)
    mined = [Candidate(form.most_common(1)[0][0], form.total(), len(prompts[key])) for key, form in forms.items()]
    if not mined:
        raise UserError(
            "no safe trace has a safe turning point: lower characterize.safe_threshold or stable_tokens, or take more csr_prompts"
        )
    return sorted(mined, key=lambda c: (-c.prompts, -c.mined, c.text))[:candidates]


def choose_trials(
    generations: Sequence[Row], harmful: Mapping[str, bool | None], tokenizer: Tokenizer, detector: CueDetector, trials: int, seed: int
) -> list[Row]:
    """Harmful traces with a cue to try candidates on, of as many different prompts as there are, drawn with the seed.

    The detector reads traces in the order of the draw and stops when there are enough: it may be a costly model.
    """
    by_prompt: dict[str, list[Row]] = defaultdict(list)
    for row in generations:
        if harmful.get(row["generation_id"]):
            by_prompt[row["prompt_id"]].append(row)
    drawn = spread_over_prompts(by_prompt, len(generations), seed)
    with_cue = (row for row in drawn if find_cue(tokenizer, list(row["token_ids"]), detector) is not None)
    return list(islice(with_cue, trials))


def spread_over_prompts(by_prompt: Mapping[str, Sequence[Row]], number: int, seed: int) -> list[Row]:
    """At most `number` traces: a first of every prompt, then a second of every prompt, and so on, in an order drawn with the seed."""
    rng = random.Random(seed)
    order = rng.sample(sorted(by_prompt), len(by_prompt))
    drawn = [rng.sample(list(by_prompt[prompt_id]), len(by_prompt[prompt_id])) for prompt_id in order]
    depth = max((len(rows) for rows in drawn), default=0)
    return [rows[turn] for turn in range(depth) for rows in drawn if turn < len(rows)][:number]


def measure(
    candidates: Sequence[Candidate],
    trials: Sequence[Row],
    sample: Sample,
    tokenizer: Tokenizer,
    detector: CueDetector,
    judge: Judge,
    prompts: Mapping[str, Row],
) -> list[Candidate]:
    """Try every candidate once on every trial trace: one intervention, then is the reasoning safe and free of cues?

    Args:
        candidates: of `mine`.
        trials: of `choose_trials`; the same for all candidates.
        sample: draws continuations up to the closing think tag.
        tokenizer: of the model.
        detector: finds the cue to replace, and those left.
        judge: of the reasoning.
        prompts: rows of schema prompts by prompt_id.
    """
    if not trials:
        raise UserError("no harmful trace with a compliance cue to try triggers on: sample more rollouts or use another cue detector")
    cases = [
        Case(f"trial/{number}/{row['generation_id']}", row, candidate.text) for number, candidate in enumerate(candidates) for row in trials
    ]
    histories = run_interventions(sample, tokenizer, cases, detector, max_rounds=1)
    measured = []
    for number, candidate in enumerate(candidates):
        last = [history[-1] for history in histories[number * len(trials) : (number + 1) * len(trials)]]
        safe = [
            False if state.cue is not None else reasoning_is_safe(judge, prompts[row["prompt_id"]], state.text)
            for state, row in zip(last, trials, strict=True)
        ]
        measured.append(replace(candidate, trials=len(safe), safe=safe.count(True), unscored=safe.count(None)))
    return measured


def _cluster(texts: Sequence[str], clusters: int) -> list[int]:
    """Cluster number of each text: TF-IDF of words, average linkage on cosine distance."""
    if len(texts) <= clusters:
        return list(range(len(texts)))
    from sklearn.cluster import AgglomerativeClustering
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectors = TfidfVectorizer(token_pattern=r"(?u)\b\w+\b").fit_transform(texts).toarray()
    return [int(label) for label in AgglomerativeClustering(clusters, metric="cosine", linkage="average").fit_predict(vectors)]


def pick(candidates: Sequence[Candidate], triggers: int, neutral_share: float) -> list[Candidate]:
    """Steps 4 to 6 of the rule: label the picked candidates T1, T2, ... in order of effectiveness.

    Args:
        candidates: measured ones.
        triggers: how many are wanted; with fewer candidates all are picked.
        neutral_share: `safe_share` of the neutral sentence on the same trials.

    Returns:
        All candidates, the picked ones first. The others have an empty label; those that did not come to be clustered have cluster -1.
    """
    ranked = sorted(candidates, key=lambda c: (-c.safe_share, -c.prompts, -c.mined, c.text))
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
    """Candidates as plain rows, for triggers.json and the metrics: `trials` are the scored ones, `safe_share` has its Wilson interval."""
    return [
        {
            "label": c.label,
            "cluster": c.cluster,
            "text": c.text,
            "mined": c.mined,
            "prompts": c.prompts,
            "trials": c.scored,
            "unscored": c.unscored,
            "safe_share": c.safe_share,
            "low": c.interval[0],
            "high": c.interval[1],
            "picked": bool(c.label),
        }
        for c in candidates
    ]
