"""Prompts made of fixed words and of untrusted text, such that no untrusted text becomes a control
token.

A model's tokenizer turns the tags of its chat format (`<|im_start|>`, `[INST]`, ...) into control
tokens wherever they stand. Text that is judged must not gain that power by imitating them, so a tag
that lies in untrusted text is cut in two before it is encoded: the model then reads it as the
letters it is. Where untrusted text holds no tag, which is nearly always, the ids are exactly those
of the whole prompt encoded at once.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import jinja2

from safe_reasoning.core.errors import UserError, in_one_line
from safe_reasoning.core.trace import continue_text

Message = dict[str, str]  # role and content
TEMPLATE_DATE = datetime(2024, 7, 26)  # that Llama 3.2's template falls back on

# Beside Jinja's own those of the Python within a template
_TEMPLATE_FAULTS = (
    jinja2.TemplateError,
    TypeError,
    ValueError,
    ArithmeticError,
    LookupError,
    AttributeError,
)


class Piece(NamedTuple):
    """A part of a prompt.

    Attributes:
        text: the part.
        untrusted: whether someone else wrote it.
        clip: at most this many tokens of it are kept.
    """

    text: str
    untrusted: bool = False
    clip: int | None = None


def chat_pieces(tokenizer: Any, messages: Sequence[Message], *, add_generation_prompt: bool) -> list[Piece]:
    """A conversation in the model's chat template.

    The template's words are fixed, the contents of the messages untrusted.

    The template never sees the contents, only marks in their place; what it would do to a text
    (strip it, look for tags in it) it can't do.
    """
    marked = [
        {"role": message["role"], "content": f"\ue000{number}\ue001"}
        for number, message in enumerate(messages)
    ]
    rendered = render(tokenizer, marked, add_generation_prompt=add_generation_prompt)
    parts = re.split("\ue000(\\d+)\ue001", rendered)
    if missing := set(range(len(messages))) - {int(number) for number in parts[1::2]}:
        raise UserError(
            f"the model's chat template leaves out message {min(missing) + 1} of {len(messages)}: ask it "
            "in another form"
        )
    return [
        Piece(messages[int(part)]["content"], untrusted=True) if place % 2 else Piece(part)
        for place, part in enumerate(parts)
    ]


def render(tokenizer: Any, messages: Sequence[Message], *, add_generation_prompt: bool) -> str:
    """A conversation as text, in the model's chat template with its reasoning switched on.

    A template that prints the date gets a fixed one: a run that goes on the next day must have the
    same prompts. A model without a template, or with one that cannot be rendered, is a UserError.
    """
    if not tokenizer.chat_template:
        raise UserError(
            "the model has no chat template: use a chat model, or add chat_template.jinja to its folder"
        )
    try:
        rendered: str = tokenizer.apply_chat_template(
            list(messages),
            add_generation_prompt=add_generation_prompt,
            tokenize=False,
            enable_thinking=True,
            strftime_now=TEMPLATE_DATE.strftime,
        )
    except _TEMPLATE_FAULTS as error:
        raise UserError(
            f"the model's chat template cannot be rendered ({in_one_line(error)}): correct "
            "chat_template.jinja in its folder"
        ) from None
    return rendered


def encode(tokenizer: Any, pieces: Sequence[Piece], *, add_special_tokens: bool) -> list[int]:
    """Token ids of a prompt.

    Args:
        tokenizer: of the model.
        pieces: in their order.
        add_special_tokens: whether the tokenizer puts its begin token first; chat templates bring
            their own.
    """
    pieces = [_clipped(tokenizer, piece) for piece in pieces]
    text = "".join(piece.text for piece in pieces)
    cuts = [0, *_cuts(tokenizer, pieces, text), len(text)]
    ids: list[int] = []
    for start, end in zip(cuts, cuts[1:], strict=False):
        if start:
            ids += continue_text(tokenizer, ids, text[start:end])
        else:
            ids += tokenizer.encode(text[start:end], add_special_tokens=add_special_tokens)
    return ids


def _clipped(tokenizer: Any, piece: Piece) -> Piece:
    """The piece with at most `clip` tokens.

    The begin token counts, as in HarmBench's evaluation.
    """
    if piece.clip is None:
        return piece
    ids = tokenizer.encode(piece.text)
    return (
        piece
        if len(ids) <= piece.clip
        else piece._replace(text=tokenizer.decode(ids[: piece.clip], skip_special_tokens=True))
    )


def _cuts(tokenizer: Any, pieces: Sequence[Piece], text: str) -> list[int]:
    """Where to cut the text so that each tag that touches a untrusted piece is cut behind its first
    character.
    """
    tags = [token.content for token in tokenizer.added_tokens_decoder.values() if len(token.content) > 1]
    if not tags:
        return []
    untrusted, place = [], 0
    for piece in pieces:
        if piece.untrusted:
            untrusted.append((place, place + len(piece.text)))
        place += len(piece.text)
    pattern = re.compile(f"(?=({'|'.join(map(re.escape, sorted(tags, key=len, reverse=True)))}))")
    return [
        match.start() + 1
        for match in pattern.finditer(text)
        if any(match.start() < end and start < match.end(1) for start, end in untrusted)
    ]
