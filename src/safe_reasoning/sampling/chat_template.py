"""Prompts as token ids in a model's own chat template, always ending with the open think tag
(DeepSeek-R1's advice; no system prompt is added).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from safe_reasoning.core.errors import UserError
from safe_reasoning.core.trace import OPEN_TAG
from safe_reasoning.sampling.pieces import Message, Piece, chat_pieces, encode


def prompt_ids(tokenizer: Any, text: str) -> list[int]:
    """Token ids of a user's request, ready for the model to reason: `...<think>\\n`.

    Templates that do not open the reasoning themselves get the tag and a line break. A model
    without a chat template is a UserError.
    """
    if not tokenizer.chat_template:
        raise UserError(
            "the model has no chat template: use a chat model, or add chat_template.jinja to its folder"
        )
    rendered = tokenizer.apply_chat_template(
        [{"role": "user", "content": text}], add_generation_prompt=True, tokenize=False
    )
    if rendered.rstrip().endswith(OPEN_TAG):
        rendered = rendered.rstrip().removesuffix(OPEN_TAG)
    return list(tokenizer.encode(f"{rendered}{OPEN_TAG}\n", add_special_tokens=False))


def conversation_ids(tokenizer: Any, messages: Sequence[Message]) -> list[int]:
    """Token ids of a conversation that someone else wrote a part of (judges, attackers), ready to
    reason; see `prompt_ids`.

    The messages' contents are untrusted: no tag in them becomes a control token.
    """
    *pieces, last = chat_pieces(tokenizer, messages, add_generation_prompt=True)
    ending = last.text.rstrip().removesuffix(OPEN_TAG) if last.text.rstrip().endswith(OPEN_TAG) else last.text
    return encode(tokenizer, [*pieces, Piece(f"{ending}{OPEN_TAG}\n")], add_special_tokens=False)


def template_hash(tokenizer: Any) -> str:
    """SHA-256 of the chat template (of all of them as JSON, where there are several by name), for
    the meta files.
    """
    template = tokenizer.chat_template
    text = template if isinstance(template, str) else json.dumps(template, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
