"""Think tags, sentences and token offsets of any Unicode text."""

from hypothesis import given
from hypothesis import strategies as st

from safe_reasoning.core.sentences import split_sentences
from safe_reasoning.core.trace import (
    CLOSE_TAG,
    has_words,
    reasoning_tokens,
    split_trace,
    token_ends,
    tokens_before,
    whole_tokens,
)
from tests.support.fakes import ids, text, tokenizer

TAGGED = st.lists(
    st.sampled_from(["<think>", "</think>", "</think", "think>", " ", "\n", "No.", "yes", "é😀", "\u2028"]),
    max_size=12,
).map("".join)
ANY = st.text(max_size=60)


@given(TAGGED | ANY)
def test_nothing_of_a_completion_escapes_judgement(whole: str) -> None:
    """Reasoning and response lie side by side; all else is white space and tags."""
    trace = split_trace(whole)
    assert whole[trace.start : trace.end] == trace.reasoning
    assert whole[: trace.start].strip() in ("", "<think>")
    if trace.response is None:
        assert trace.end == len(whole) and CLOSE_TAG not in trace.reasoning
        return
    assert CLOSE_TAG not in trace.reasoning and whole[trace.end :].startswith(CLOSE_TAG)
    rest = whole[trace.end + len(CLOSE_TAG) :]
    place = rest.find(trace.response)
    assert place >= 0 and not rest[:place].strip()
    assert not rest[place + len(trace.response) :].replace(CLOSE_TAG, "").strip()


@given(TAGGED | ANY)
def test_the_class_says_which_parts_there_are(whole: str) -> None:
    trace = split_trace(whole)
    assert (trace.kind == "no_think_end") is (trace.response is None)
    if trace.kind == "complete":
        assert has_words(trace.reasoning) and CLOSE_TAG not in (trace.response or "")
    if trace.kind == "empty_reasoning":
        assert not has_words(trace.reasoning)


@given(ANY)
def test_sentences_tile_any_text(whole: str) -> None:
    sentences = split_sentences(whole)
    assert "".join(whole[s.start : s.end] for s in sentences) == (whole if whole.strip() else "")
    for sentence in sentences:
        assert sentence.text and whole[sentence.start : sentence.text_end].strip() == sentence.text
        assert sentence.start < sentence.text_end <= sentence.end


@given(ANY)
def test_the_tokens_before_a_sentence_hold_nothing_of_it(whole: str) -> None:
    """And one token more does, or is a part of a character of several bytes."""
    token_ids = ids(whole)
    ends = token_ends(tokenizer(), token_ids)
    assert ends == sorted(ends) and len(ends) == len(token_ids)
    for sentence in split_sentences(whole):
        count = whole_tokens(tokenizer(), token_ids, sentence.start)
        before = text(token_ids[:count])
        assert whole[: sentence.start].startswith(before)
        assert count <= tokens_before(ends, sentence.start)
        if count < len(token_ids):
            longer = text(token_ids[: count + 1])
            assert len(longer) > sentence.start or longer.endswith("\ufffd")


@given(TAGGED)
def test_the_tokens_of_a_reasoning_are_those_before_its_end(whole: str) -> None:
    token_ids = ids(whole)
    count, trace = reasoning_tokens(tokenizer(), token_ids), split_trace(whole)
    assert whole[: trace.end].startswith(text(token_ids[:count]))
    assert (count == len(token_ids)) >= (trace.kind == "no_think_end")
