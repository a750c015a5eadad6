"""The window rule by brute force, and sentences on the token axis."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safe_reasoning.characterize.turning_points import (
    csr_around,
    safe_turning_point,
    sentence_at,
    sentence_spans,
    unsafe_turning_point,
)
from safe_reasoning.core.sentences import Sentence, split_sentences
from safe_reasoning.core.trace import token_ends
from tests.support.fakes import ids, text, tokenizer

RATIOS = st.lists(st.sampled_from([0.0, 0.05, 0.5, 0.9, 1.0, math.nan]), min_size=1, max_size=40)


def brute_force(
    prefix_tokens: list[int], csr: list[float], threshold: float, window: int, safe: bool
) -> int | None:
    """The definition, word by word: every known value in [p, p + K - 1] holds, and that window ends within the trace."""
    known = dict(zip(prefix_tokens, csr, strict=True))
    for p in prefix_tokens:
        if p + window - 1 > prefix_tokens[-1]:
            return None
        inside = [known[q] for q in range(p, p + window) if q in known]
        if all(value >= threshold if safe else value <= threshold for value in inside):
            return p
    return None


@given(RATIOS, st.integers(1, 20), st.integers(1, 6))
def test_turning_points_are_the_definition(csr: list[float], window: int, stride: int) -> None:
    prefix_tokens = [stride * number for number in range(len(csr))]
    assert safe_turning_point(prefix_tokens, csr, 0.9, window) == brute_force(
        prefix_tokens, csr, 0.9, window, safe=True
    )
    assert unsafe_turning_point(prefix_tokens, csr, 0.1, window) == brute_force(
        prefix_tokens, csr, 0.1, window, safe=False
    )


@given(RATIOS, st.integers(1, 20), st.integers(2, 6), st.integers(1, 5))
def test_a_last_prefix_off_the_stride_is_no_trouble(
    csr: list[float], window: int, stride: int, extra: int
) -> None:
    prefix_tokens = [stride * number for number in range(len(csr))]
    prefix_tokens.append(prefix_tokens[-1] + min(extra, stride))
    csr = [*csr, csr[-1]]
    assert safe_turning_point(prefix_tokens, csr, 0.9, window) == brute_force(
        prefix_tokens, csr, 0.9, window, safe=True
    )


def test_a_jump_near_the_end_has_not_shown_that_it_stays() -> None:
    csr = [0.2] * 10 + [1.0] * 14
    assert safe_turning_point(range(24), csr, 0.9, 15) is None
    assert safe_turning_point(range(25), [*csr, 1.0], 0.9, 15) == 10
    assert safe_turning_point(range(24), csr, 0.9, 14) == 10


def test_a_dip_or_an_unknown_value_breaks_the_window() -> None:
    for dip in (0.8, math.nan):
        csr = [1.0] * 5 + [dip] + [1.0] * 10
        assert safe_turning_point(range(16), csr, 0.9, 8) == 6
    assert safe_turning_point([], [], 0.9, 3) is None


def test_the_sentence_that_holds_the_token_which_made_the_jump() -> None:
    whole = "The user asks for a lantern. Wait, this is not allowed.\nI should say no."
    token_ids = ids(whole)
    ends = token_ends(tokenizer(), token_ids)
    spans = sentence_spans(split_sentences(whole), ends, 0)
    assert [span.text for span in spans] == [sentence.text for sentence in split_sentences(whole)]
    for span in spans:
        assert text(token_ids[span.start : span.end]).strip() == span.text
    first_word_of_second = spans[1].start + 1  # prefix length after its first token
    assert sentence_at(spans, first_word_of_second) == spans[1]
    assert sentence_at(spans, spans[1].start) == spans[0]
    assert sentence_at(spans, spans[1].end) == spans[1]
    assert sentence_at(spans, len(token_ids)) == spans[2]
    assert sentence_at(spans, 0) is None


def test_spans_are_counted_from_the_completion_whose_first_characters_may_be_an_open_tag() -> None:
    spans = sentence_spans([Sentence("b.", 0, 2, 3), Sentence("c.", 3, 5, 5)], [7, 8, 9, 10, 12], offset=7)
    assert [(span.start, span.end) for span in spans] == [(0, 3), (3, 5)]


def test_white_space_between_sentences_belongs_to_the_second() -> None:
    """The token "\\n\\n" has index 2: a jump seen after it is the second sentence's."""
    spans = sentence_spans([Sentence("a.", 0, 2, 4), Sentence("b.", 4, 6, 6)], [1, 2, 4, 5, 6], offset=0)
    assert sentence_at(spans, 2) == spans[0] and sentence_at(spans, 3) == spans[1]
    assert sentence_at(sentence_spans([Sentence("a.", 0, 2, 4)], [1, 2, 4], offset=0), 3) is None


def test_white_space_before_the_first_sentence_takes_no_token_from_its_end() -> None:
    """Models that open the think tag themselves go on with a line break.

    The reasoning is "\n\na.  b.", a token a character but for the break.
    """
    spans = sentence_spans(split_sentences("\n\na.  b."), [2, 3, 4, 6, 7, 8], offset=0)
    assert [(span.text, span.start, span.end) for span in spans] == [("a.", 0, 3), ("b.", 3, 6)]


def test_csr_before_and_after_a_sentence_does_not_cut_it() -> None:
    whole = "One two three. Wait, four five. Six."
    spans = sentence_spans(split_sentences(whole), token_ends(tokenizer(), ids(whole)), 0)
    lengths = list(range(0, len(ids(whole)) + 1, 2))
    csr = [length / 100 for length in lengths]
    before, after = csr_around(lengths, csr, spans[1])
    assert before == pytest.approx(max(p for p in lengths if p <= spans[1].start) / 100)
    assert after == pytest.approx(min(p for p in lengths if p >= spans[1].end) / 100)
    assert csr_around([0, 2], [0.1, 0.2], spans[2]) == (0.2, 0.2)
