"""The shared prefix of a preference pair computed once, with TRL's loss on top.

TRL computes each side of a pair as a row of its own, prompt and shared reasoning twice. Here a pair
is one row:

    prefix | rest of the chosen side | last token of the prefix, rest of the rejected side

Each token has the position that it has in its side, and sees its own side alone. What TRL gets is
the same to rounding: per token the log-probability and the like, in its own layout.

The prefix is what both sides begin with, whatever part of it is the prompt.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import torch
from torch import Tensor

from safe_reasoning.core.schemas import IGNORED


@dataclass(frozen=True)
class Packed:
    """Pairs as rows of `length` tokens.

    Attributes:
        inputs: of the model: token ids, positions and the label of the token that comes next, each
            of shape (pairs, length), and who sees whom, (pairs, 1, length, length).
        places: where TRL's rows find their tokens, shape (2 x pairs, tokens - 1).
    """

    inputs: dict[str, Tensor]
    places: Tensor


class SharedPrefix:
    """A causal model with TRL's fused head, called with TRL's rows: chosen, then rejected sides."""

    def __init__(self, model: Any) -> None:
        self._model = model

    def __call__(
        self, *, input_ids: Tensor, attention_mask: Tensor, labels: Tensor | None = None, **options: Any
    ) -> Any:
        """TRL's output for its own rows, token by token, without the mean over them (`loss`)."""
        if labels is None or input_ids.device.type != "cpu":  # measured on CPUs alone
            return self._model(input_ids=input_ids, attention_mask=attention_mask, labels=labels, **options)
        packed = pack(input_ids, attention_mask, labels)
        output = self._model(**packed.inputs, **options)
        ignored = labels[:, 1:] == IGNORED
        for field in fields(output):
            value = getattr(output, field.name)
            if isinstance(value, Tensor) and value.dim() == 2:
                both = torch.cat([value, value]).gather(1, packed.places)
                setattr(output, field.name, both.masked_fill(ignored, 0))
        output.loss = None
        return output


def pack(input_ids: Tensor, attention_mask: Tensor, labels: Tensor) -> Packed:
    """Rows of chosen sides and then rejected sides, padded on the right, as one row a pair.

    Args:
        input_ids: token ids, shape (2 x pairs, tokens).
        attention_mask: 1 for a token, 0 for padding, same shape.
        labels: the ids that the loss counts, IGNORED elsewhere, same shape.
    """
    chosen, rejected = input_ids.chunk(2)
    lengths = attention_mask.sum(1)
    of_chosen, of_rejected = lengths.chunk(2)
    there = attention_mask.bool().chunk(2)
    prefix = ((chosen == rejected) & there[0] & there[1]).long().cumprod(1).sum(1)
    # Both sides have a token of their own, even where one begins with the whole of the other
    prefix = torch.minimum(prefix, torch.minimum(of_chosen, of_rejected) - 1)
    total = of_chosen + of_rejected - prefix + 1
    place = torch.arange(int(total.max()), device=input_ids.device).expand(len(chosen), -1)
    second = place >= of_chosen[:, None]  # the rejected side's own part
    # Where each place's token stands in its side: the second part begins with the prefix's last
    position = torch.where(second, place - (of_chosen - prefix + 1)[:, None], place)
    real = place < total[:, None]
    at = position.clamp(0, input_ids.shape[1] - 1)
    follows = (at + 1).clamp(max=input_ids.shape[1] - 1)
    both = labels.chunk(2)
    next_labels = torch.where(second, both[1].gather(1, follows), both[0].gather(1, follows))
    # A place sees what comes before it in its side; padding sees itself, so that no row is empty
    of_prefix = place < (prefix - 1)[:, None]
    seen = (second[:, :, None] == second[:, None, :]) | of_prefix[:, None, :]
    seen = seen & (place[:, :, None] >= place[:, None, :]) & real[:, None, :]
    seen = seen | torch.eye(place.shape[1], dtype=torch.bool, device=place.device)
    side = torch.arange(input_ids.shape[1] - 1, device=place.device).expand(len(chosen), -1)
    moved = side + torch.where(side >= (prefix - 1)[:, None], (of_chosen - prefix + 1)[:, None], 0)
    return Packed(
        {
            "input_ids": torch.where(second, rejected.gather(1, at), chosen.gather(1, at)),
            "position_ids": at,
            "attention_mask": seen[:, None],
            "shift_labels": next_labels,  # past the end of a side too, where nobody looks
        },
        torch.cat([side, moved]).clamp(max=place.shape[1] - 1),
    )
