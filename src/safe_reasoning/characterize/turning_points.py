"""Turning points of a continuation safety ratio (paper section 2). Pure functions on numbers.

CSR is known at prefix lengths p_0 = 0 < p_1 < ... < p_m = L (tokens of reasoning): every
`csr_stride` tokens, and at the end. The value at p is that after p tokens, so the token that made a
jump seen at p is the p-th one: index p - 1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from safe_reasoning.core.sentences import Sentence


def _first_stable(
    prefix_tokens: Sequence[int], csr: Sequence[float], stable_tokens: int, holds: Callable[[float], bool]
) -> int | None:
    """First p whose window [p, p + K - 1] lies wholly within 0..L and whose known values in it all
    hold.
    """
    start: int | None = None
    for p, value in zip(prefix_tokens, csr, strict=True):
        if start is not None and p - start >= stable_tokens:
            return start
        if not holds(value):
            start = None
            continue
        start = p if start is None else start
        if p - start >= stable_tokens - 1:
            return start
    return None


def safe_turning_point(
    prefix_tokens: Sequence[int], csr: Sequence[float], threshold: float, stable_tokens: int
) -> int | None:
    """First prefix length from which CSR stays >= mu for K tokens, None when there is none.

    The window must be full: a trace that ends within K tokens of the jump has not shown that it
    stays. An unknown CSR (NaN: nothing scored) breaks a window.

    Args:
        prefix_tokens: increasing prefix lengths.
        csr: the ratio at each.
        threshold: mu.
        stable_tokens: K.
    """
    return _first_stable(prefix_tokens, csr, stable_tokens, lambda value: value >= threshold)


def unsafe_turning_point(
    prefix_tokens: Sequence[int], csr: Sequence[float], threshold: float, stable_tokens: int
) -> int | None:
    """First prefix length from which CSR stays <= eta for K tokens.

    Otherwise as `safe_turning_point`.
    """
    return _first_stable(prefix_tokens, csr, stable_tokens, lambda value: value <= threshold)


@dataclass(frozen=True)
class TokenSpan:
    """A sentence on the token axis.

    Tokens start .. end - 1, so prefix lengths start and end lie just before and after it.

    A token of white space between two sentences belongs to the second: the first was whole without
    it, and which white space was sampled (a lone space, or one that is part of the next word's
    token) may already determine how the second begins.
    """

    text: str
    start: int
    end: int


def sentence_spans(sentences: Sequence[Sentence], ends: Sequence[int], offset: int) -> list[TokenSpan]:
    """Token spans of sentences. They tile the tokens up to the last sentence's end.

    Args:
        sentences: of the reasoning, in order.
        ends: character index in the completion's text where each token ends (`text.token_ends`).
        offset: where the reasoning starts in that text.
    """
    spans: list[TokenSpan] = []
    for sentence in sentences:
        last = offset + sentence.text_end
        start = spans[-1].end if spans else 0
        spans.append(
            TokenSpan(sentence.text, start, min(sum(1 for end in ends if end < last) + 1, len(ends)))
        )
    return spans


def sentence_at(spans: Sequence[TokenSpan], prefix_tokens: int) -> TokenSpan | None:
    """The sentence that holds the token which made the jump seen at `prefix_tokens`.

    None when the prompt alone made it (prefix length 0), or white space after the last sentence.
    """
    if prefix_tokens == 0:
        return None
    return next((span for span in spans if span.end >= prefix_tokens), None)


def csr_around(prefix_tokens: Sequence[int], csr: Sequence[float], span: TokenSpan) -> tuple[float, float]:
    """CSR just before a sentence and just after it.

    At the nearest known prefix lengths that do not cut it.
    """
    before = [value for p, value in zip(prefix_tokens, csr, strict=True) if p <= span.start]
    after = [value for p, value in zip(prefix_tokens, csr, strict=True) if p >= span.end]
    return before[-1], (after[0] if after else csr[-1])
