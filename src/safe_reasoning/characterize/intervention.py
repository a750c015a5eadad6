"""Corrective intervention (paper section 2).

Replace the first compliance cue, and all that follows, by a safety trigger; let the model go on.

Token ids before the cue are kept as they were sampled, never made again from text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from safe_reasoning.core.seeds import derive_seed
from safe_reasoning.core.sentences import Sentence, split_sentences
from safe_reasoning.core.trace import Tokenizer, Trace, continue_text, split_trace, whole_tokens
from safe_reasoning.judging.base import CueDetector
from safe_reasoning.sampling.engine import Request

# Samples requests in their order under a label; rows of schema generations.
Sample = Callable[[Sequence[Request], str], list[dict[str, Any]]]


@dataclass(frozen=True)
class Cue:
    """The first compliance cue of a reasoning.

    `sentence` is its zero-based index, `character` where it starts in the completion's text,
    `token` the number of tokens of what comes before it. The white space before a cue belongs to
    the cue, unless it is part of the last token before: a lone space may already determine how the
    cue begins.
    """

    text: str
    sentence: int
    character: int
    token: int


@dataclass(frozen=True)
class Substitution:
    """What the model continues from.

    `kept_ids` are the trace's own tokens before the cue, `inserted_ids` the trigger's.
    """

    kept_ids: list[int]
    inserted_ids: list[int]


@dataclass(frozen=True)
class Case:
    """A generation (row of schema generations) to intervene on.

    A trigger of None inserts nothing: the reasoning is only sampled again from the cue on
    (a control).

    `case_id` names the new generations and their seeds, so it is unique in the run.
    """

    case_id: str
    row: Mapping[str, Any]
    trigger: str | None


@dataclass(frozen=True)
class State:
    """A completion after some interventions.

    `cue` is its first compliance cue: None when none is left, or when the detector could not decide
    (`cue_undetermined`).
    """

    token_ids: list[int]
    text: str
    finish_reason: str
    cue: Cue | None
    cue_undetermined: bool = False


def find_cues(
    tokenizer: Tokenizer, completions: Sequence[Sequence[int]], detector: CueDetector
) -> list[tuple[Cue | None, bool]]:
    """The first compliance cue in the reasoning of each completion, given by its token ids.

    Returns:
        Per completion its cue, None when there is none, and whether the detector could not decide.
    """
    traces = [split_trace(tokenizer.decode(list(ids), skip_special_tokens=True)) for ids in completions]
    sentences = [split_sentences(trace.reasoning) for trace in traces]
    found = detector.first_cues([[sentence.text for sentence in row] for row in sentences])
    return [
        (
            None if cue.index is None else _cue(tokenizer, list(ids), trace, row[cue.index], cue.index),
            cue.undetermined,
        )
        for ids, trace, row, cue in zip(completions, traces, sentences, found, strict=True)
    ]


def _cue(tokenizer: Tokenizer, token_ids: list[int], trace: Trace, sentence: Sentence, index: int) -> Cue:
    character = trace.start + sentence.start
    return Cue(sentence.text, index, character, tokens_up_to(tokenizer, token_ids, character))


def tokens_up_to(tokenizer: Tokenizer, token_ids: list[int], character: int) -> int:
    """The number of tokens of a completion that are kept when it is cut before a character.

    White space before the cut is cut away, unless it is part of a token with more.
    """
    token = whole_tokens(tokenizer, token_ids, character)
    while token and tokenizer.decode(token_ids[token - 1 : token], skip_special_tokens=True).isspace():
        token -= 1
    return token


def substitute(tokenizer: Tokenizer, token_ids: list[int], cue: Cue, trigger: str | None) -> Substitution:
    """Cut a completion before its cue and put the trigger there.

    Most tokenizers put the space before a word into the word's token, so the tokens that are cut
    away may hold the white space before the cue. It is encoded together with the trigger: the text
    before the trigger stays as it was, and the trigger gets the tokens that it has in running text.
    With nothing to insert the white space is left to the model.
    """
    kept = token_ids[: cue.token]
    if trigger is None:
        return Substitution(kept, [])
    before = tokenizer.decode(token_ids, skip_special_tokens=True)[: cue.character]
    leftover = before[len(tokenizer.decode(kept, skip_special_tokens=True)) :]
    return Substitution(kept, continue_text(tokenizer, kept, leftover + trigger))


def _states(tokenizer: Tokenizer, rows: Sequence[Mapping[str, Any]], detector: CueDetector) -> list[State]:
    cues = find_cues(tokenizer, [row["token_ids"] for row in rows], detector)
    return [
        State(list(row["token_ids"]), row["text"], row["finish_reason"], cue, undetermined)
        for row, (cue, undetermined) in zip(rows, cues, strict=True)
    ]


def run_interventions(
    sample: Sample, tokenizer: Tokenizer, cases: Sequence[Case], detector: CueDetector, max_rounds: int
) -> list[list[State]]:
    """Intervene on each case until no cue is left or `max_rounds` is reached.

    All cases of a round are sampled together.

    Returns:
        For each case its states after 0, 1, ... `max_rounds` interventions. A state without a cue
        is final and repeats.
    """
    histories = [[state] for state in _states(tokenizer, [case.row for case in cases], detector)]
    for number in range(1, max_rounds + 1):
        requests, continued = [], []
        for case, history in zip(cases, histories, strict=True):
            if (cue := history[-1].cue) is None:
                history.append(history[-1])
                continue
            parts = substitute(tokenizer, history[-1].token_ids, cue, case.trigger)
            name = f"{case.case_id}/round{number}"
            requests.append(
                Request(
                    generation_id=name,
                    prompt_id=case.row["prompt_id"],
                    prompt_set=case.row["prompt_set"],
                    sample=number,
                    seed=derive_seed(name),
                    prompt_token_ids=list(case.row["prompt_token_ids"]),
                    given_ids=parts.kept_ids + parts.inserted_ids,
                )
            )
            continued.append(history)
        if requests:
            rows = sample(requests, f"intervention {number}")
            for history, state in zip(continued, _states(tokenizer, rows, detector), strict=True):
                history.append(state)
    return histories
