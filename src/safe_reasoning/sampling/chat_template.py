"""Prompts as token ids in a model's own chat template, always ending with the open think tag
(DeepSeek-R1's advice; no system prompt is added).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from typing import Any

from safe_reasoning.core.errors import UserError
from safe_reasoning.core.trace import CLOSE_TAG, OPEN_TAG
from safe_reasoning.sampling.pieces import Message, Piece, chat_pieces, encode, render

OPENING = f"{OPEN_TAG}\n"
# Tags of other model families at the end of a prompt.
OTHER_TAG = re.compile(
    r"(?:\[THINK\]|<\|?(?:begin_of_)?(?:think|thinking|thought|thoughts|reasoning)\|?>|<seed:think>|◁think▷)$",
    re.IGNORECASE,
)


def prompt_ids(tokenizer: Any, text: str) -> list[int]:
    """Token ids of a user's request, ready for the model to reason: `...<think>\\n`.

    Templates that do not open the reasoning themselves get the tag and a line break.

    Raises:
        UserError: The model has no chat template, or one that closes the reasoning, writes into it
            or has other tags for it.
    """
    message = [{"role": "user", "content": text}]
    ending = opened(chat_pieces(tokenizer, message, add_generation_prompt=True)[-1].text)
    rendered = render(tokenizer, message, add_generation_prompt=True)
    bare = rendered.rstrip().removesuffix(OPEN_TAG) if rendered.rstrip().endswith(OPEN_TAG) else rendered
    return list(tokenizer.encode(f"{bare}{ending[-len(OPENING) :]}", add_special_tokens=False))


def conversation_ids(tokenizer: Any, messages: Sequence[Message]) -> list[int]:
    """Token ids of a conversation that someone else wrote a part of (judges, attackers).

    Ready to reason; see `prompt_ids`. The messages' contents are untrusted: no tag in them becomes
    a control token.
    """
    *pieces, last = chat_pieces(tokenizer, messages, add_generation_prompt=True)
    return encode(tokenizer, [*pieces, Piece(opened(last.text))], add_special_tokens=False)


def opened(ending: str) -> str:
    """What a chat template writes after the last message, ending with the open think tag.

    Raises:
        UserError: A template that closes the reasoning, writes into it or has other tags for it.
    """
    repair = "use a reasoning model with <think> tags, or correct chat_template.jinja in its folder"
    bare = ending.rstrip()
    if bare.endswith(OPEN_TAG):
        return f"{bare}\n"
    if CLOSE_TAG in bare:
        raise UserError(
            f"the model's chat template closes the reasoning ({CLOSE_TAG}) before it begins: {repair}"
        )
    if OPEN_TAG in bare:
        raise UserError(f"the model's chat template writes into the reasoning after {OPEN_TAG}: {repair}")
    if found := OTHER_TAG.search(bare):
        raise UserError(
            f"the model's chat template opens the reasoning with {found[0]}, not {OPEN_TAG}: {repair}"
        )
    return f"{ending}{OPENING}"


def template_hash(tokenizer: Any) -> str:
    """SHA-256 of the chat template (of all of them as JSON, where there are several by name), for
    the meta files.
    """
    template = tokenizer.chat_template
    text = template if isinstance(template, str) else json.dumps(template, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
