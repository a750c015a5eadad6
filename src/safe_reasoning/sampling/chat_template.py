"""Prompts as token ids in a model's own chat template, always ending with the open think tag
(DeepSeek-R1's advice; no system prompt is added).
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
from collections.abc import Callable, Sequence
from typing import Any

from safe_reasoning.core.errors import UserError
from safe_reasoning.core.trace import CLOSE_TAG, OPEN_TAG, continue_text
from safe_reasoning.sampling.pieces import Message, Piece, chat_pieces, encode, render

OPENING = f"{OPEN_TAG}\n"
# Tags of other model families at the end of a prompt, open or closed, and channels for reasoning.
OTHER_TAG = re.compile(
    r"(?:[<\[◁][^<>\[\]◁▷\n]{0,24}?(?:think|thought|reason|analysis|scratchpad)[^<>\[\]◁▷\n]{0,24}[>\]▷]"
    r"|<\|?channel\|?>\s*\w+\s*(?:<[^<>\n]{1,16}>)?|<unused\d+>\s*thought)$",
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
    ending = chat_pieces(tokenizer, message, add_generation_prompt=True)[-1].text
    opened(ending)
    bare = render(tokenizer, message, add_generation_prompt=True)
    if ending.rstrip().endswith(OPEN_TAG):
        bare = bare.rstrip().removesuffix(OPEN_TAG)
    return _opened_ids(tokenizer, lambda tag: tokenizer.encode(bare + tag, add_special_tokens=False))


def conversation_ids(tokenizer: Any, messages: Sequence[Message]) -> list[int]:
    """Token ids of a conversation that someone else wrote a part of (judges, attackers).

    Ready to reason; see `prompt_ids`. The messages' contents are untrusted: no tag in them becomes
    a control token.
    """
    *pieces, last = chat_pieces(tokenizer, messages, add_generation_prompt=True)
    bare = opened(last.text).removesuffix(OPENING)
    return _opened_ids(
        tokenizer, lambda tag: encode(tokenizer, [*pieces, Piece(bare + tag)], add_special_tokens=False)
    )


def _opened_ids(tokenizer: Any, encoded: Callable[[str], Sequence[int]]) -> list[int]:
    """Token ids of a prompt that ends with the open think tag and its line break.

    Some tokenizers put a space before whatever follows a control token; where they can go on
    without one, the line break follows the tag at once.

    Args:
        tokenizer: of the model.
        encoded: the ids of the prompt with this ending.
    """
    ids = list(encoded(OPENING))
    if not tokenizer.decode(ids, skip_special_tokens=False).endswith(OPENING):
        head = list(encoded(OPEN_TAG))
        with contextlib.suppress(UserError):
            return head + continue_text(tokenizer, head, OPENING.removeprefix(OPEN_TAG))
    return ids


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
