"""Hidden states of a model along a completion that it reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch


@torch.inference_mode()
def last_hidden_states(model: Any, prompt: Sequence[int], completion: Sequence[int]) -> np.ndarray:
    """The last layer's state at each token of a completion, which depends on no later token.

    Args:
        model: of `kl.load_weights`.
        prompt: token ids.
        completion: token ids, that follow.

    Returns:
        Shape (completion tokens, width).
    """
    ids = torch.tensor([[*prompt, *completion]]).to(model.device)
    states = model(input_ids=ids, output_hidden_states=True).hidden_states[-1][0, len(prompt) :]
    found: np.ndarray = states.float().cpu().numpy()
    return found
