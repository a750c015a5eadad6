"""Safety triggers (paper section 2).

Mined at safe turning points, tried on harmful traces, and picked by a fixed rule.

The paper picked six "representative" triggers from its pool and does not say how. Our rule:
1. Mine the sentence at the safe turning point of every safe trace that has one. Sentences that
   differ in case, white space or end marks are one candidate. If they give too few candidates, mine
   further safe traces, where CSR is estimated after whole sentences only: a tenth of the cost of
   every token.
2. Keep the candidates mined from the most prompts: a sentence that several prompts brought forth is
   no prompt's own.
3. Measure each, and a neutral sentence: the share of trial traces (harmful, cut before their first
   cue) whose continuation after it is safe and free of cues.
4. Keep those that clearly beat the neutral sentence (the low end of their interval lies above its
   share). If they are fewer than the triggers wanted, fill up with the next most effective.
5. Cluster what is left by wording (TF-IDF of words, average linkage on cosine distance) into as
   many clusters as triggers are wanted.
6. Pick the most effective candidate of each cluster; ties go to the one mined from more prompts.
"""

from __future__ import annotations

import random
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from safe_reasoning.characterize.continuation_safety import by_trace, curve
from safe_reasoning.characterize.csr_estimate import Estimate, Reader, draw_ahead, estimate
from safe_reasoning.characterize.turning_points import (
    TokenSpan,
    safe_turning_point,
    sentence_at,
    sentence_spans,
)
from safe_reasoning.config import Characterize, Config
from safe_reasoning.core.errors import UserError
from safe_reasoning.core.sentences import split_sentences
from safe_reasoning.core.trace import Tokenizer, split_trace, token_ends
from safe_reasoning.judging.base import Judge
from safe_reasoning.sampling.ends import Ends
from safe_reasoning.sampling.sampler import Sampler
from safe_reasoning.stats.rates import wilson_interval

Row = Mapping[str, Any]

# Safe traces read at sentence ends per prompt with a ratio at every token, when those give too few
# candidates
FURTHER_TRACES = 2


@dataclass(frozen=True)
class Candidate:
    """A mined sentence.

    `occurrences` traces of `prompts` prompts hold it at their turning point; `safe` of `trials`
    trials came out safe.
    """

    text: str
    occurrences: int
    prompts: int
    trials: int = 0
    safe: int = 0
    unscored: int = 0
    cluster: int = -1
    label: str = ""

    @property
    def safe_share(self) -> float:
        """Share of the trials that came out safe and free of cues; 0 without trials.

        An unscored one has not: reasoning that never ends is no success of a trigger.
        """
        return self.safe / self.trials if self.trials else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson interval of `safe_share`; NaN without trials."""
        return wilson_interval(self.safe, self.trials)


def trace_spans(trace: Row, tokenizer: Tokenizer) -> list[TokenSpan]:
    """Token spans of the sentences of a generation's reasoning."""
    ids = list(trace["token_ids"])
    parts = split_trace(trace["text"])
    return sentence_spans(
        split_sentences(trace["text"][parts.start : parts.end]), token_ends(tokenizer, ids), parts.start
    )


def trigger_sentences(
    csr: Sequence[Row],
    traces: Mapping[str, Row],
    harmful: Mapping[str, bool | None],
    tokenizer: Tokenizer,
    settings: Characterize,
) -> list[tuple[str, str]]:
    """Prompt and trigger of each safe trace.

    The sentence that holds its safe turning point, where it has one.

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
        if (
            not harmful[name]
            and point is not None
            and (span := sentence_at(trace_spans(traces[name], tokenizer), point))
        ):
            found.append((traces[name]["prompt_id"], span.text))
    return found


def further_traces(
    generations: Sequence[Row],
    harmful: Mapping[str, bool | None],
    used: Collection[str],
    number: int,
    seed: int,
) -> list[Row]:
    """Safe complete traces to mine beyond those with a CSR at every token, of as many prompts as
    possible, drawn with the seed.

    Args:
        generations: rollouts (schema generations).
        harmful: verdict on the reasoning by generation_id.
        used: prompts whose traces were mined already.
        number: at most this many.
        seed: of the draw.
    """
    by_prompt: dict[str, list[Row]] = defaultdict(list)
    for row in generations:
        if (
            harmful.get(row["generation_id"]) is False
            and row["prompt_id"] not in used
            and split_trace(row["text"]).kind == "complete"
        ):
            by_prompt[row["prompt_id"]].append(row)
    return round_robin_by_prompt(by_prompt, number, seed)


def csr_at_sentences(
    traces: Sequence[Row],
    sampler: Sampler,
    ends: Ends,
    open_reader: Callable[[], Reader],
    judge: Judge,
    prompts: Mapping[str, Row],
    config: Config,
) -> Estimate:
    """Continuation safety ratio before the reasoning and after each of its sentences.

    Args:
        traces: rows of schema generations.
        sampler: draws continuations up to the closing think tag.
        ends: what ends a completion of the model.
        open_reader: opens the model to draw ahead; called only for reuse.
        judge: of the reasoning.
        prompts: rows of schema prompts by prompt_id.
        config: settings of the ratio, of engine and decoding.
    """
    lengths = [sorted({0, *(span.end for span in trace_spans(trace, ends.tokenizer))}) for trace in traces]
    reuse = config.characterize.csr_reuse
    drawn = draw_ahead(config, traces, lengths, sampler, open_reader) if reuse else None
    return estimate(config, traces, lengths, drawn, sampler, ends, judge, prompts)


def normalized(sentence: str) -> str:
    """What makes two sentences one candidate: words without case, white space or end marks."""
    return re.sub(r"\s+", " ", sentence).strip(" .!?,;:\"'").casefold()


def extract_candidates(sentences: Sequence[tuple[str, str]], candidates: int) -> list[Candidate]:
    """Distinct candidates from (prompt_id, sentence), those of the most prompts first, then those
    mined most; at most `candidates`.

    A candidate's text is its most frequent form.
    """
    forms: dict[str, Counter[str]] = defaultdict(Counter)
    prompts: dict[str, set[str]] = defaultdict(set)
    for prompt_id, sentence in sentences:
        key = normalized(sentence)
        if re.search(r"\w", key):
            forms[key][sentence] += 1
            prompts[key].add(prompt_id)
    mined = [
        Candidate(form.most_common(1)[0][0], form.total(), len(prompts[key])) for key, form in forms.items()
    ]
    if not mined:
        raise UserError(
            "no safe trace has a safe turning point: lower characterize.safe_threshold or stable_tokens, "
            "or take more csr_prompts"
        )
    return sorted(mined, key=lambda c: (-c.prompts, -c.occurrences, c.text))[:candidates]


def round_robin_by_prompt(by_prompt: Mapping[str, Sequence[Row]], number: int, seed: int) -> list[Row]:
    """At most `number` traces.

    A first of every prompt, then a second of every prompt, and so on, in an order drawn with the
    seed.
    """
    rng = random.Random(seed)
    order = rng.sample(sorted(by_prompt), len(by_prompt))
    drawn = [rng.sample(list(by_prompt[prompt_id]), len(by_prompt[prompt_id])) for prompt_id in order]
    depth = max((len(rows) for rows in drawn), default=0)
    return [rows[turn] for turn in range(depth) for rows in drawn if turn < len(rows)][:number]
