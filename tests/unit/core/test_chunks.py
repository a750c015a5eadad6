"""Chunks tile a text, however it is cut."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safe_reasoning.core.chunks import paragraphs, sentences, windows

TEXTS = st.text(alphabet="ab.!\n \t1。", max_size=60)
CUTS = [sentences, paragraphs, lambda text: windows(text, 1), lambda text: windows(text, 3)]


@pytest.mark.parametrize("cut", CUTS)
@given(text=TEXTS)
def test_joined_they_give_the_text_back(cut: Callable[[str], list[str]], text: str):
    chunks = cut(text)
    assert "".join(chunks) == text and "" not in chunks
    assert all(chunk.strip() for chunk in chunks) or len(chunks) == 1


def test_known_cuts():
    text = " One is here. Two! \n\nThree.\nFour \n \n\n"
    assert sentences(text) == [" One is here. ", "Two! \n\n", "Three.\n", "Four \n \n\n"]
    assert paragraphs(text) == [" One is here. Two! \n\n", "Three.\nFour \n \n\n"]
    assert windows(text, 3) == [" One is here. Two! \n\nThree.\n", "Four \n \n\n"]
    assert windows(text, 1) == sentences(text)
    assert sentences(" \n") == paragraphs(" \n") == windows(" \n", 2) == [" \n"] and sentences("") == []
