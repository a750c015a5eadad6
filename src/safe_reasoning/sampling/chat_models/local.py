"""Local models as chat models and as judges, through the same engine that samples everything else.

Greedy, so that a question always has one reply.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from safe_reasoning.config import Config
from safe_reasoning.core.files import read_json
from safe_reasoning.core.trace import split_trace
from safe_reasoning.sampling.chat_template import conversation_ids, template_hash
from safe_reasoning.sampling.engine import Request, load_tokenizer
from safe_reasoning.sampling.pieces import Message, Piece, chat_pieces, encode
from safe_reasoning.sampling.sampler import Sampler

# Names the work, and so its shards, for whoever asks: two readings of one model's replies
# (Qwen3Guard's) have it asked once
QUESTIONS = "questions"


class LocalChat:
    """Asks a model of the run.

    Reasoning models think before they reply: the reply is what follows the closing think tag, None
    when it never comes.

    Args:
        config: engine and decoding.
        model_dir: folder of the weights.
        shards: folder of finished replies; a killed job goes on from them.
        max_new_tokens: room for the reply itself; the run's token limit is allowed for the
            reasoning before it.
    """

    def __init__(self, config: Config, model_dir: Path, shards: Path, max_new_tokens: int) -> None:
        self._tokenizer = load_tokenizer(model_dir)
        self._sampler = _greedy(config, model_dir, shards, config.decoding.max_new_tokens + max_new_tokens)

    def replies(self, conversations: Sequence[list[Message]], label: str) -> list[str | None]:
        """One reply per conversation."""
        requests = [
            _request(conversation_ids(self._tokenizer, conversation)) for conversation in conversations
        ]
        rows = self._sampler(requests, QUESTIONS) if requests else []
        found = [split_trace(row["text"]).response for row in rows]
        return [reply.strip() if reply is not None else None for reply in found]


class LocalText:
    """Asks a judge's own weights.

    A raw prompt (pieces of fixed words and untrusted text), or a conversation for the model's own
    chat template. No think tag is added.

    Args:
        config: engine and decoding. The context is the model's own where that is shorter than the
            run's.
        model_dir: folder of the weights.
        shards: folder of finished replies; a killed job goes on from them.
        max_new_tokens: token limit of a reply.

    Attributes:
        weights: where they come from and the digest of the chat template, for the meta files.
    """

    def __init__(self, config: Config, model_dir: Path, shards: Path, max_new_tokens: int) -> None:
        self._tokenizer = load_tokenizer(model_dir)
        positions = (
            read_json(model_dir / "config.json").get("max_position_embeddings") or config.engine.max_model_len
        )
        engine = config.engine.model_copy(
            update={"max_model_len": min(positions, config.engine.max_model_len)}
        )
        self._sampler = _greedy(
            config.model_copy(update={"engine": engine}), model_dir, shards, max_new_tokens
        )
        marker = model_dir / "training.json"
        made = read_json(marker) if marker.exists() else {}
        self.weights = {key: made[key] for key in ("repository", "revision", "weights_sha256") if key in made}
        if self._tokenizer.chat_template:
            self.weights["template_sha256"] = template_hash(self._tokenizer)

    def replies(self, conversations: Sequence[Any], label: str) -> list[str | None]:
        """One reply per prompt, None for a prompt that is too long for the model."""
        requests = [_request(self._ids(conversation)) for conversation in conversations]
        rows = self._sampler(requests, QUESTIONS) if requests else []
        return [None if row["finish_reason"] == "prompt_too_long" else row["text"] for row in rows]

    def _ids(self, conversation: Sequence[Piece] | Sequence[Message]) -> list[int]:
        if isinstance(conversation[0], Piece):
            return encode(self._tokenizer, conversation, add_special_tokens=True)  # type: ignore[arg-type]
        # Guard models' templates end with the turn that is theirs to write; their authors ask for
        # no generation prompt.
        pieces = chat_pieces(self._tokenizer, conversation, add_generation_prompt=False)  # type: ignore[arg-type]
        return encode(self._tokenizer, pieces, add_special_tokens=False)


def _greedy(config: Config, model_dir: Path, shards: Path, max_new_tokens: int) -> Sampler:
    decoding = config.decoding.model_copy(update={"temperature": 0.0, "max_new_tokens": max_new_tokens})
    return Sampler(
        config.model_copy(update={"decoding": decoding}), model_dir, shards, stop_at_think_end=False
    )


def _request(ids: list[int]) -> Request:
    digest = hashlib.sha256(json.dumps(ids).encode()).hexdigest()[:24]
    return Request(digest, digest, QUESTIONS, 0, 0, ids)
