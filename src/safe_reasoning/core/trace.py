"""Think tags and token offsets.

A completion is what follows the prompt, which ends with the opening think tag: `z</think>y`. Some
models open the tag themselves; both forms are read.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from dataclasses import dataclass
from typing import Literal, Protocol

from safe_reasoning.core.errors import UserError

OPEN_TAG = "<think>"
CLOSE_TAG = "</think>"

RESET_TAG = "<|reset|>"  # what a model says to take back all that it wrote before

TraceClass = Literal["complete", "no_think_end", "empty_reasoning", "repeated_think_end"]


class Tokenizer(Protocol):
    """The part of a transformers tokenizer that we use."""

    eos_token_id: int

    def decode(self, token_ids: list[int], *, skip_special_tokens: bool = ...) -> str: ...

    def encode(self, text: str, *, add_special_tokens: bool = ...) -> list[int]: ...


@dataclass(frozen=True)
class Trace:
    """A completion in its parts. `response` is None when the reasoning never ended.

    `start` and `end` are the character bounds of the reasoning in the completion's text.
    """

    reasoning: str
    response: str | None
    kind: TraceClass
    start: int
    end: int


def has_words(text: str) -> bool:
    """Whether anything is said: think tags, white space and invisible characters say nothing."""
    said = text.replace(OPEN_TAG, "").replace(CLOSE_TAG, "")
    return any(not c.isspace() and unicodedata.category(c) not in ("Cc", "Cf") for c in said)


def split_trace(text: str) -> Trace:
    """Split a completion's text into reasoning and response.

    The reasoning ends at the first closing tag and the response is everything after it, so that
    both together cover the whole completion, whatever tags it holds: a part between two tags must
    not escape judgement. Tags at the very end are no words and are dropped. Truncated reasoning (no
    closing tag), empty reasoning and a second closing tag are classes of their own, never
    exceptions: the caller counts them.
    """
    start = 0
    if match := re.match(r"\s*" + OPEN_TAG, text):
        start = match.end()
    end = text.find(CLOSE_TAG, start)
    if end < 0:
        return Trace(text[start:], None, "no_think_end", start, len(text))
    reasoning = text[start:end]
    response = re.sub(rf"(?:\s*{CLOSE_TAG})*\s*$", "", text[end + len(CLOSE_TAG) :]).lstrip()
    if text.count(CLOSE_TAG, start) > 1:
        return Trace(reasoning, response, "repeated_think_end", start, end)
    if not has_words(reasoning):
        return Trace(reasoning, response, "empty_reasoning", start, end)
    return Trace(reasoning, response, "complete", start, end)


def displayed(text: str) -> str:
    """What a person is shown of a completion: from its last reset on, all of it without one.

    A reset in the reasoning leaves the reasoning open; one in the response takes back the reasoning
    too, so that a new one has to follow.
    """
    return text.rpartition(RESET_TAG)[2]


_THINK = r"(?:think|thinking|thoughts?|reasoning|scratchpad)"
# As an element, with a family's name before it, as a control token, or the channel of the answer
_THOUGHTS = re.compile(
    rf".*(?:</\s*(?:\w+:)?{_THINK}\s*>|\[/think\]|◁/think▷|<\|(?:/|end_|end_of_){_THINK}\|>"
    r"|<\|channel\|>final<\|message\|>)",
    re.DOTALL | re.IGNORECASE,
)
_UNFINISHED = re.compile(
    rf"\s*(?:<\s*(?:\w+:)?{_THINK}\s*>|\[think\]|◁think▷|<\|(?:begin_|begin_of_|start_)?{_THINK}\|>"
    r"|<\|channel\|>analysis)",
    re.IGNORECASE,
)


def without_thoughts(reply: str) -> str:
    """What a model that was asked a question says after its thoughts.

    A server may leave them in: as a block, or with the closing tag alone where the open one belongs
    to the prompt. Thoughts that never end are followed by nothing.
    """
    if match := _THOUGHTS.match(reply):
        return reply[match.end() :]
    return "" if _UNFINISHED.match(reply) else reply


def token_ends(tokenizer: Tokenizer, token_ids: list[int]) -> list[int]:
    """Character index in the decoded text where each token ends (length: one per token).

    Decodes growing prefixes, so it holds for any tokenizer; a token that ends inside a multi-byte
    character ends where that character begins.
    """
    ends: list[int] = []
    for count in range(1, len(token_ids) + 1):
        text = tokenizer.decode(token_ids[:count], skip_special_tokens=True)
        ends.append(len(text.rstrip("\ufffd")))
    return ends


def tokens_before(ends: list[int], character: int) -> int:
    """How many whole tokens lie before a character.

    The length of the longest token prefix that does not pass it.
    """
    return sum(1 for end in ends if end <= character)


def whole_tokens(tokenizer: Tokenizer, token_ids: list[int], character: int) -> int:
    """How many tokens of a completion lie wholly before a character of its text.

    None of them holds any byte of that character.

    Bisects over prefixes: a dozen decodings instead of one per token. With a byte-level tokenizer a
    prefix can end inside a multi-byte character; such a prefix decodes to a replacement character
    at its end and is cut back.
    """

    def decoded(count: int) -> str:
        return tokenizer.decode(token_ids[:count], skip_special_tokens=True)

    count = bisect_right(
        range(1, len(token_ids) + 1), character, key=lambda n: len(decoded(n).rstrip("\ufffd"))
    )
    while count and decoded(count).endswith("\ufffd"):
        count -= 1
    return count


def reasoning_tokens(tokenizer: Tokenizer, token_ids: list[int]) -> int:
    """How many tokens of a completion are reasoning: those wholly before the closing think tag.

    All of them when there is none.
    """
    trace = split_trace(tokenizer.decode(token_ids, skip_special_tokens=True))
    return len(token_ids) if trace.kind == "no_think_end" else whole_tokens(tokenizer, token_ids, trace.end)


def continue_text(tokenizer: Tokenizer, kept_ids: list[int], text: str) -> list[int]:
    """Token ids of a text that goes on after some tokens, so that both decode to both texts.

    Some tokenizers put a space before whatever they encode; there the text is encoded after a mark
    whose tokens are cut off again.

    Raises:
        UserError: A tokenizer with which no such ids were found.
    """
    before = tokenizer.decode(kept_ids, skip_special_tokens=False)
    for mark in ("", "\n", "a", ".", ","):
        head = tokenizer.encode(mark, add_special_tokens=False) if mark else []
        ids = tokenizer.encode(mark + text, add_special_tokens=False)
        found = ids[len(head) :]
        if (
            ids[: len(head)] == head
            and tokenizer.decode([*kept_ids, *found], skip_special_tokens=False) == before + text
        ):
            return found
    raise UserError(
        "the tokenizer cannot go on after a cut without changing the text (it adds or drops white space): "
        "use the model's fast tokenizer, or another model"
    )
