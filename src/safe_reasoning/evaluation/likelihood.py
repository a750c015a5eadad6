"""Log-probability of each token of a completion under a model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch


@torch.inference_mode()
def token_log_probabilities(model: Any, prompt: Sequence[int], completion: Sequence[int]) -> np.ndarray:
    """Log-probability in nats of each token behind the prompt and those before it, shape (tokens,).

    At temperature 1 and over the whole vocabulary, however the completion was drawn.
    """
    ids = torch.tensor([[*prompt, *completion]]).to(model.device)
    window = slice(len(prompt) - 1, len(prompt) - 1 + len(completion))
    log_p = torch.log_softmax(model(input_ids=ids).logits[0, window].float(), -1)
    chosen = log_p.gather(-1, ids[0, len(prompt) :, None])[:, 0]
    return np.asarray(chosen.cpu().numpy())
