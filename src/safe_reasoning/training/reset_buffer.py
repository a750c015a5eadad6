"""Unsafe beginnings of a training's own completions, from which later steps start (Self-ReSET)."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

NAME = "reset_buffer.json"  # in the folder of a checkpoint


class Given(NamedTuple):
    """What a completion goes on from: a prompt, and tokens of reasoning after it (often none)."""

    prompt_id: str
    prefix: tuple[int, ...] = ()


class ResetBuffer:
    """First in, first out; where it is full, the oldest goes."""

    def __init__(self, size: int) -> None:
        self._states: deque[Given] = deque(maxlen=size)
        self._pushed = self._popped = 0

    def push(self, states: Sequence[Given]) -> None:
        """Keep states, in their order. None comes from a completion that was reset itself."""
        self._states.extend(states)
        self._pushed += len(states)

    def pop(self) -> Given | None:
        """The oldest state, which leaves; None when there is none."""
        if not self._states:
            return None
        self._popped += 1
        return self._states.popleft()

    def counts(self) -> dict[str, int]:
        """States that came, that were used, and that are left."""
        return {"pushed": self._pushed, "used": self._popped, "left": len(self._states)}

    def as_json(self) -> dict[str, Any]:
        """All that a training which goes on has to know."""
        return {"states": [[name, list(ids)] for name, ids in self._states], **self.counts()}

    def restore(self, stored: Mapping[str, Any]) -> None:
        """Take the place of a buffer that was stored."""
        self._states.clear()
        self._states.extend(Given(name, tuple(ids)) for name, ids in stored["states"])
        self._pushed, self._popped = stored["pushed"], stored["used"]


def chosen_groups(eligible: Sequence[int], share: float, draw: float, order: Sequence[int]) -> set[int]:
    """Which groups of a step get a beginning.

    `share` times the number of eligible ones, rounded down or up by `draw`: over steps the mean is
    the share.

    Args:
        eligible: groups that can have one.
        share: of the eligible ones.
        draw: uniform in [0, 1).
        order: the groups in a drawn order.
    """
    number = int(share * len(eligible) + draw)
    can: Collection[int] = set(eligible)
    return set([group for group in order if group in can][:number])
