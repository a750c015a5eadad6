"""The configured chat model, opened by name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from safe_reasoning.config import Config
from safe_reasoning.core.errors import UserError
from safe_reasoning.sampling.pieces import Message

if TYPE_CHECKING:
    from safe_reasoning.sampling.chat_models.local import LocalText


class ChatModel(Protocol):
    """Something that answers conversations."""

    def replies(self, conversations: Sequence[list[Message]], label: str) -> list[str | None]:
        """One reply per conversation, in their order.

        None where none could be had, after all retries.
        """


def open_chat(name: str, config: Config, *, max_new_tokens: int = 16) -> ChatModel:
    """The chat model of that name.

    An endpoint of the configuration, or one of its models (its base weights, which must be there).

    Args:
        name: of an endpoint or a model.
        config: the run's.
        max_new_tokens: token limit of a local model's reply, after its reasoning; an endpoint has
            its own.
    """
    cache = Path("results") / config.run / "replies" / name
    if name in config.endpoints:
        from safe_reasoning.sampling.chat_models.endpoint import EndpointChat

        return EndpointChat(name, config.endpoints[name], cache)
    if name in config.models:
        from safe_reasoning.sampling.chat_models.local import LocalChat

        return LocalChat(
            config, Path("results") / config.run / "models" / name / "base", cache, max_new_tokens
        )
    raise UserError(
        f"unknown chat model {name!r}: use one of {', '.join([*config.endpoints, *config.models])}"
    )


def open_weights(source_id: str, config: Config, max_new_tokens: int) -> LocalText:
    """A judge's own weights, which the workflow has fetched (rule fetch_judge).

    Args:
        source_id: of the weights in config/sources.yaml.
        config: the run's.
        max_new_tokens: token limit of a reply.
    """
    from safe_reasoning.sampling.chat_models.local import LocalText

    run = Path("results") / config.run
    return LocalText(config, run / "judge_models" / source_id, run / "replies" / source_id, max_new_tokens)
