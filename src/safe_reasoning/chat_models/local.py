"""A local model as a chat model, through the same engine that samples everything else."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from safe_reasoning.chat_models import Message
from safe_reasoning.config import Config
from safe_reasoning.errors import UserError
from safe_reasoning.sampling.chat import prompt_ids
from safe_reasoning.sampling.engine import Request, load_tokenizer
from safe_reasoning.sampling.sampler import Sampler
from safe_reasoning.seeds import derive_seed
from safe_reasoning.text import split_trace


class LocalChat:
    """Asks a model of the run. Reasoning models think before they reply: the reply is what follows the closing think tag, None when it never comes.

    Args:
        config: engine and decoding. Sampling is greedy, so that a question always has one reply.
        model_dir: folder of the weights.
        shards: folder of finished replies; a killed job goes on from them.
        max_new_tokens: room for the reply itself; the run's token limit is allowed for the reasoning before it.
    """

    def __init__(self, config: Config, model_dir: Path, shards: Path, max_new_tokens: int) -> None:
        limit = config.decoding.max_new_tokens + max_new_tokens
        greedy = config.decoding.model_copy(update={"temperature": 0.0, "max_new_tokens": limit})
        self._tokenizer = load_tokenizer(model_dir)
        self._sampler = Sampler(config.model_copy(update={"decoding": greedy}), model_dir, shards, stop_at_think_end=False)

    def replies(self, conversations: Sequence[list[Message]], label: str) -> list[str | None]:
        """One reply a conversation. Only conversations of one user message are known here."""
        requests = []
        for conversation in conversations:
            if [message["role"] for message in conversation] != ["user"]:
                raise UserError(f"{label}: a local model is asked with one user message: use an endpoint for longer conversations")
            text = conversation[0]["content"]
            digest = hashlib.sha256(json.dumps(text).encode()).hexdigest()[:24]
            ids = prompt_ids(self._tokenizer, text)
            requests.append(Request(digest, digest, label, 0, derive_seed("chat", digest), ids))
        rows = self._sampler(requests, label) if requests else []
        found = [split_trace(row["text"]).response for row in rows]
        return [reply.strip() if reply is not None else None for reply in found]
