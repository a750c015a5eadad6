"""Think tags, sentences that tile their text, and token offsets for any text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safe_reasoning.core.sentences import split_sentences
from safe_reasoning.core.trace import (
    RESET_TAG,
    displayed,
    reasoning_tokens,
    split_trace,
    token_ends,
    tokens_before,
    whole_tokens,
)
from tests.support.fakes import TEXTS, ids, text, tokenizer

PROSE = st.text(st.sampled_from("ab I1.!?\"')]\n é“😀,"), max_size=40)


@pytest.mark.parametrize(
    ("whole", "kind", "reasoning", "response"),
    [
        ("z</think>y", "complete", "z", "y"),
        ("<think>\nz\n</think>\n\ny\n", "complete", "\nz\n", "y"),
        ("z and no end", "no_think_end", "z and no end", None),
        (" \n</think>y", "empty_reasoning", " \n", "y"),
        ("a</think>b</think>c", "repeated_think_end", "a", "b</think>c"),
        ("a</think>b\n</think>\n", "repeated_think_end", "a", "b"),
        ("a</think></think>", "repeated_think_end", "a", ""),
        ("", "no_think_end", "", None),
    ],
)
def test_split_trace(whole: str, kind: str, reasoning: str, response: str | None) -> None:
    trace = split_trace(whole)
    assert (trace.kind, trace.reasoning, trace.response) == (kind, reasoning, response)
    assert whole[trace.start : trace.end] == reasoning


@given(st.lists(PROSE, min_size=1, max_size=4))
def test_what_is_displayed_is_what_follows_the_last_reset(parts: list[str]) -> None:
    assert displayed(RESET_TAG.join(parts)) == parts[-1]  # one part: the text as it is


@pytest.mark.parametrize(
    ("written", "reasoning", "response"),
    [
        (f"bad {RESET_TAG}good</think>no", "good", "no"),
        (f"a{RESET_TAG}b{RESET_TAG}c</think>no", "c", "no"),
        (f"bad</think>steps {RESET_TAG}<think>good</think>no", "good", "no"),
        (f"bad</think>steps {RESET_TAG}no", "no", None),  # a reset in the response takes all back
    ],
)
def test_a_reset_takes_back_what_came_before(written: str, reasoning: str, response: str | None) -> None:
    trace = split_trace(displayed(written))
    assert (trace.reasoning, trace.response) == (reasoning, response)


@given(PROSE)
def test_sentences_tile_the_text(whole: str) -> None:
    sentences = split_sentences(whole)
    if whole.strip():
        assert "".join(whole[s.start : s.end] for s in sentences) == whole
    else:
        assert sentences == []
    for sentence in sentences:
        assert sentence.text and whole[sentence.start : sentence.end].strip() == sentence.text


@given(PROSE)
def test_sentences_after_the_first_begin_with_their_own_text(whole: str) -> None:
    """A cue is never the first sentence, so its start is its first character."""
    for sentence in split_sentences(whole)[1:]:
        assert whole[sentence.start :].startswith(sentence.text)


def test_list_numbers_and_line_breaks() -> None:
    found = [sentence.text for sentence in split_sentences("Steps:\n1. Mix it.\n12. Dry it. Then stop")]
    assert found == ["Steps:", "1. Mix it.", "12. Dry it.", "Then stop"]


@given(PROSE, st.integers(0, 40))
def test_whole_tokens_hold_nothing_of_the_character(whole: str, character: int) -> None:
    token_ids = ids(whole)
    character = min(character, len(whole))
    count = whole_tokens(tokenizer(), token_ids, character)
    assert whole.startswith(text(token_ids[:count])) and len(text(token_ids[:count])) <= character
    if count < len(token_ids):
        # One more token reaches beyond the character's start or is a part of a multi-byte character.
        longer = text(token_ids[: count + 1])
        assert len(longer) > character or longer.endswith("\ufffd")


@given(st.sampled_from(TEXTS), st.integers(0, 150))
def test_bisection_equals_counting(whole: str, character: int) -> None:
    ascii_only = whole.encode("ascii", "ignore").decode()
    token_ids = ids(ascii_only)
    assert whole_tokens(tokenizer(), token_ids, character) == tokens_before(
        token_ends(tokenizer(), token_ids), character
    )


def test_token_ends_reach_the_end() -> None:
    for whole in TEXTS:
        ends = token_ends(tokenizer(), ids(whole))
        assert ends == sorted(ends) and ends[-1] == len(whole)


def test_reasoning_tokens_end_before_the_closing_tag() -> None:
    token_ids = ids("I think. So.\n</think>\nNo.")
    count = reasoning_tokens(tokenizer(), token_ids)
    assert text(token_ids[:count]) == "I think. So.\n"
    assert text(token_ids[count : count + 1]) == "</think>"
    unfinished = ids("I think. So")
    assert reasoning_tokens(tokenizer(), unfinished) == len(unfinished)
