"""One small interface to whatever generates text.

Prompts and prefixes are token ids, never re-tokenised text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from safe_reasoning import config
from safe_reasoning.core.errors import UserError
from safe_reasoning.core.files import read_json
from safe_reasoning.core.model_folder import check_model
from safe_reasoning.core.trace import CLOSE_TAG


@dataclass(frozen=True)
class Request:
    """One completion to sample.

    The engine continues from prompt_token_ids + given_ids; given ids count towards the token limit.
    """

    generation_id: str
    prompt_id: str
    prompt_set: str
    sample: int
    seed: int
    prompt_token_ids: list[int]
    given_ids: list[int] = field(default_factory=list)
    max_new_tokens: int | None = None  # decoding.max_new_tokens by default
    logit_bias: dict[int, float] = field(default_factory=dict)  # added to tokens' logits at each draw

    def limit(self, decoding: config.Decoding) -> int:
        """Token limit of the completion, given ids included."""
        return self.max_new_tokens or decoding.max_new_tokens


class Engine(Protocol):
    """Samples completions.

    The same requests in the same call give the same rows, whatever was sampled before.

    Attributes:
        tokenizer: the model's transformers tokenizer.
        decoding: temperature (0: greedy), top-p and token limit of the next call.
    """

    tokenizer: Any
    decoding: config.Decoding

    def load_weights(self, model_dir: Path) -> None:
        """Go on with the weights of another folder of the same model, without a new start."""

    def generate(
        self, requests: Sequence[Request], *, stop_at_think_end: bool = False
    ) -> list[dict[str, Any]]:
        """Sample the requests.

        Args:
            requests: continued in any order; the prompt set and the ids are only copied to the
                rows.
            stop_at_think_end: end each completion right after the first closing think tag that is
                sampled.

        Returns:
            Rows of schema generations in the order of the requests. `finish_reason` is `stop` (end
            of sequence, or the closing think tag when asked for), `length` (token limit), or
            `prompt_too_long` (the model's context has no room; nothing was sampled). The id of the
            end of sequence is dropped, the closing think tag is kept.
        """


def load_tokenizer(model_dir: Path) -> Any:
    """The tokenizer of a model folder.

    One that would drop the closing think tag from every text is a UserError.
    """
    check_model(model_dir)
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(model_dir, local_files_only=True, trust_remote_code=False)
    if think_end_id(tokenizer) in tokenizer.all_special_ids:
        raise UserError(
            f"the tokenizer in {model_dir} has {CLOSE_TAG} as a special token, which decoding drops: add "
            "it as an ordinary token"
        )
    return tokenizer


def think_end_id(tokenizer: Any) -> int | None:
    """The closing think tag as one token; None when the tokenizer spells it in several."""
    ids = tokenizer.encode(CLOSE_TAG, add_special_tokens=False)
    return int(ids[0]) if len(ids) == 1 else None


def end_ids(model_dir: Path, tokenizer: Any) -> set[int]:
    """Ids that end a completion: the tokenizer's and those of generation_config.json."""
    path = model_dir / "generation_config.json"
    configured = read_json(path).get("eos_token_id") if path.exists() else None
    several = configured if isinstance(configured, list) else [configured]
    return {int(i) for i in [tokenizer.eos_token_id, *several] if i is not None}


def remaining_tokens(request: Request, engine: config.Engine, decoding: config.Decoding) -> int:
    """How many tokens may still be sampled.

    0 when the completion has its full length already or the context is full.
    """
    given = len(request.given_ids)
    return max(
        0, min(request.limit(decoding) - given, engine.max_model_len - len(request.prompt_token_ids) - given)
    )


def truncated_row(request: Request, engine: config.Engine, tokenizer: Any) -> dict[str, Any]:
    """The row of a request without room: nothing is sampled."""
    context_is_full = len(request.prompt_token_ids) + len(request.given_ids) >= engine.max_model_len
    return row(request, [], "prompt_too_long" if context_is_full else "length", tokenizer)


def row(request: Request, new_ids: list[int], finish_reason: str, tokenizer: Any) -> dict[str, Any]:
    """A row of schema generations."""
    token_ids = [*request.given_ids, *new_ids]
    return {
        "generation_id": request.generation_id,
        "prompt_id": request.prompt_id,
        "prompt_set": request.prompt_set,
        "sample": request.sample,
        "seed": request.seed,
        "prompt_token_ids": request.prompt_token_ids,
        "given_tokens": len(request.given_ids),
        "token_ids": token_ids,
        "text": tokenizer.decode(token_ids, skip_special_tokens=True),
        "finish_reason": finish_reason,
    }
