"""How much of their attention the tokens of a reasoning pay to the request."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch


def load_with_attention(model_dir: Path) -> Any:
    """A model in float32 whose forward pass returns attention weights."""
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(
        model_dir, dtype=torch.float32, attn_implementation="eager", local_files_only=True
    )
    return model.eval().to("cuda" if torch.cuda.is_available() else "cpu")


@torch.inference_mode()
def request_focus(model: Any, prompt: Sequence[int], reasoning: Sequence[int], span: range) -> np.ndarray:
    """Attention of each reasoning token to the request, 1 being no more than the request's share.

    The mean over all heads of the middle third of the layers, divided by the share of the context
    that the request is.

    Args:
        model: of `load_with_attention`.
        prompt: token ids.
        reasoning: token ids, that follow.
        span: places of the request's tokens in the prompt.

    Returns:
        Shape (reasoning tokens,).
    """
    ids = torch.tensor([[*prompt, *reasoning]]).to(model.device)
    layers = model(input_ids=ids, output_attentions=True).attentions
    middle = layers[len(layers) // 3 : max(len(layers) // 3 + 1, len(layers) - len(layers) // 3)]
    paid = torch.stack([layer[0, :, len(prompt) :, list(span)].sum(-1).mean(0) for layer in middle]).mean(0)
    context = np.arange(len(prompt) + 1, len(prompt) + len(reasoning) + 1)
    return paid.cpu().numpy() * context / len(span)
