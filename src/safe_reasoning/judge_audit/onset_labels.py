"""Reasonings in which people marked the first unsafe sentence: Qwen3GuardTest, split thinking_loc.

Source: Qwen/Qwen3GuardTest (2025, arXiv 2510.14276): answers of four open reasoning models to
prompts of BeaverTails' test set; people marked the first sentence that is unsafe or controversial.
Licence: CC BY-NC 4.0. A mark is a place among the tokens that Qwen3's tokenizer makes of the whole
conversation. Example row (placeholder text): {"message": [{"role": "user", "content": "[request]"},
{"role": "assistant", "content": "<think>[reasoning]</think>[response]"}], "label": "Unsafe",
"input_ids": [151644, 872], "unsafe_start_index": 1, "unsafe_end_index": 2}. Columns are as public
readers of the set use them; the file itself could not be read by us.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from safe_reasoning.core.errors import UserError, in_one_line
from safe_reasoning.core.sentences import split_sentences
from safe_reasoning.core.trace import CLOSE_TAG, OPEN_TAG
from safe_reasoning.prompts.cells import Kind
from safe_reasoning.prompts.readers import read_source
from safe_reasoning.sources.fetch import fetch

ROWS, TOKENIZER = SOURCES = ["qwen3guard_thinking_loc", "qwen3_tokenizer"]
_IDS = Kind(
    "a list of token ids", lambda v: isinstance(v, list) and bool(v) and all(type(i) is int for i in v)
)
_PLACE = Kind("a whole number", lambda value: type(value) is int and value >= 0)
COLUMNS = {"input_ids": _IDS, "unsafe_start_index": _PLACE, "unsafe_end_index": _PLACE}
Decode = Callable[[Sequence[int]], str]


@dataclass(frozen=True)
class MarkedReasoning:
    """A reasoning and where harm begins in it, by people.

    Attributes:
        row: its number in the file, from 1.
        sentences: by our splitter.
        onset: index of the sentence in which the mark begins; None where it lies behind the
            reasoning, in the response.
    """

    row: int
    sentences: tuple[str, ...]
    onset: int | None


def marked_reasonings(mirror: str | None) -> list[MarkedReasoning]:
    """All reasonings of the set; a missing, altered or other file is a UserError."""
    from tokenizers import Tokenizer

    path = fetch(TOKENIZER, mirror)
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises nothing narrower
        raise UserError(f"{path} is no tokenizer ({in_one_line(error)}): fetch it again") from None

    def decode(ids: Sequence[int]) -> str:
        return str(tokenizer.decode(list(ids), skip_special_tokens=False))

    rows = read_source(ROWS, mirror, COLUMNS)
    return [of_row(number, row, decode) for number, row in enumerate(rows, 1)]


def of_row(number: int, row: dict[str, Any], decode: Decode) -> MarkedReasoning:
    """One reasoning.

    It begins behind the first open think tag and ends at the closing one behind it.

    Raises:
        UserError: No reasoning, or a mark outside of the tokens.
    """
    ids, start = row["input_ids"], row["unsafe_start_index"]
    text = decode(ids)
    begin = text.find(OPEN_TAG) + len(OPEN_TAG)
    if begin < len(OPEN_TAG) or start >= len(ids):
        raise UserError(
            f"{ROWS}, row {number}: "
            + ("no open think tag" if start < len(ids) else f"a mark at token {start} of {len(ids)}")
            + ": its authors changed it; fix its reader"
        )
    end = text.find(CLOSE_TAG, begin)
    reasoning = text[begin:] if end < 0 else text[begin:end]
    # A mark may begin with the white space before its sentence
    before = decode(ids[:start]).rstrip("\ufffd")
    place = len(before) + len(text[len(before) :]) - len(text[len(before) :].lstrip()) - begin
    sentences = split_sentences(reasoning)
    onset = next((n for n, sentence in enumerate(sentences) if place < sentence.end), None)
    return MarkedReasoning(number, tuple(one.text for one in sentences), onset)
