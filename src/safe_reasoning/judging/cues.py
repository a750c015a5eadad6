"""Where the first compliance cue of a completion lies, in characters and in tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from safe_reasoning.core.sentences import Sentence, split_sentences
from safe_reasoning.core.trace import Tokenizer, Trace, reasoning_tokens, split_trace, whole_tokens
from safe_reasoning.judging.base import CueDetector


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


def tokens_through(tokenizer: Tokenizer, token_ids: list[int], cue: Cue) -> int:
    """Tokens of a completion up to the end of its first cue's sentence, within the reasoning."""
    through = whole_tokens(tokenizer, token_ids, cue.character + len(cue.text))
    return min(through, reasoning_tokens(tokenizer, token_ids))
