"""What ends a completion besides its token limit: the end of sequence, the closing think tag."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safe_reasoning.core.trace import CLOSE_TAG
from safe_reasoning.sampling.engine import end_ids, think_end_id


@dataclass(frozen=True)
class Ends:
    """What ends the completions of a model.

    Attributes:
        tokenizer: of the model.
        ids: of the end of sequence; dropped from a completion.
        think_end: the closing think tag as one token; None when it is spelled in several.
        tag: the closing think tag as text.
    """

    tokenizer: Any
    ids: frozenset[int]
    think_end: int | None
    tag: str = CLOSE_TAG

    def reason(self, new_ids: Sequence[int], room: int, *, stop_at_think_end: bool) -> str:
        """Why a completion ends with its newest token; empty when it goes on.

        Args:
            new_ids: sampled tokens, at least one.
            room: how many may be sampled in all.
            stop_at_think_end: whether the closing think tag ends it.
        """
        if new_ids[-1] in self.ids or (stop_at_think_end and self._closes(new_ids)):
            return "stop"
        return "length" if len(new_ids) >= room else ""

    def kept(self, new_ids: Sequence[int]) -> list[int]:
        """Sampled tokens of a finished completion, without the end of sequence."""
        return list(new_ids[:-1] if new_ids and new_ids[-1] in self.ids else new_ids)

    def first_close(self, new_ids: Sequence[int]) -> int | None:
        """Sampled tokens up to the end of the closing think tag; None without it."""
        counts = range(1, len(new_ids) + 1)
        return next((count for count in counts if self._closes(new_ids[:count])), None)

    def _closes(self, new_ids: Sequence[int]) -> bool:
        """Whether the newest token completes the closing think tag."""
        if self.think_end is not None:
            return new_ids[-1] == self.think_end
        # A token is a byte or more, so that the tag lies within as many tokens as it has bytes
        newest = list(new_ids[-len(self.tag) :])
        return self.tag in self.tokenizer.decode(newest, skip_special_tokens=True)


def ends_of(model_dir: Path, tokenizer: Any) -> Ends:
    """What ends the completions of the model in a folder."""
    return Ends(tokenizer, frozenset(end_ids(model_dir, tokenizer)), think_end_id(tokenizer))
