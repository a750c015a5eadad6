"""A second forward pass in which some tokens are hidden by the attention mask.

No other token sees a hidden one, so that what is scored is predicted without them. (A hidden token
still sees itself: what is scored must not follow one directly.) Positions are given, so that
neither the mask nor padding shifts any; the first token stays visible, which models lean on (an
attention sink); padding is hidden.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from safe_reasoning.training.shared_prefix import IGNORED


def masked_loss(model: Any, input_ids: Tensor, visible: Tensor, score: Tensor) -> Tensor:
    """NLL of some tokens, each given the visible ones before it; the sum over them.

    Args:
        model: a causal model.
        input_ids: token ids, shape (rows, tokens), padded on the right.
        visible: 1 for a token that others may see, 0 for one that is hidden or padding, same shape.
        score: 1 for a token whose NLL counts, same shape.
    """
    places = torch.arange(input_ids.shape[1], device=input_ids.device).expand_as(input_ids)
    logits = model(input_ids=input_ids, attention_mask=visible, position_ids=places, use_cache=False).logits[
        :, :-1
    ]
    labels = input_ids[:, 1:].masked_fill(score[:, 1:] == 0, IGNORED)
    return torch.nn.functional.cross_entropy(
        logits.float().flatten(0, 1), labels.flatten(), ignore_index=IGNORED, reduction="sum"
    )


def visible_without(attention_mask: Tensor, hide: Tensor) -> Tensor:
    """The attention mask without the tokens to hide, but with the first token of each row."""
    visible = attention_mask * (1 - hide)
    visible[:, 0] = 1
    return visible
