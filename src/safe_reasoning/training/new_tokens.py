"""Tokens added to a model's vocabulary.

A new token has the mean of the old rows in input and output embedding, so that nothing changes for
the old ones. It is an ordinary token: decoding shows it, which those who read the text rely on.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from safe_reasoning.core.errors import UserError
from safe_reasoning.core.files import sha256

WAIT = 3600  # seconds for which a process waits for the first one's work


def add_tokens(tokenizer: Any, tokens: Sequence[str]) -> list[int]:
    """Add tokens to a tokenizer; returns their ids, which follow the old ones."""
    from tokenizers import AddedToken

    tokenizer.add_tokens([AddedToken(token, normalized=False, special=False) for token in tokens])
    ids: list[int] = tokenizer.convert_tokens_to_ids(list(tokens))
    return ids


def grow(model: Any, ids: Sequence[int]) -> None:
    """Give a model rows for new token ids, the mean of the rows before the first of them.

    A vocabulary that is padded beyond the tokenizer's may have the rows already: they are set too.
    """
    import torch

    old = min(ids)
    needed = max(ids) + 1
    if needed > model.config.get_text_config().vocab_size:
        model.resize_token_embeddings(needed, mean_resizing=False)
    tables = (model.get_input_embeddings(), model.get_output_embeddings())
    with torch.no_grad():
        for table in tables:  # the same one, where they are tied
            table.weight[list(ids)] = table.weight[:old].double().mean(0).to(table.weight.dtype)


def grown_base(base: Path, tokens: Sequence[str], out: Path) -> Path:
    """A folder in `out` with the model of `base` and its tokenizer, with more tokens.

    Written once, by the first process; a resumed training finds it. Its name holds the hash of the
    base, so that another base never meets it.

    Raises:
        UserError: the first process has not written it within an hour.
    """
    marker = base / "training.json"
    name = sha256(marker if marker.exists() else base / "config.json")[:12]
    folder = out / f"grown-{name}"
    if int(os.environ.get("RANK", "0")):
        deadline = time.monotonic() + WAIT
        while not folder.exists():
            if time.monotonic() >= deadline:
                raise UserError(
                    f"the first process has not written {folder} after {WAIT} s: see its lines in the log, "
                    "and whether all nodes see the same folder"
                )
            time.sleep(1)
    elif not folder.exists():
        _write(base, tokens, folder)
    return folder


def _write(base: Path, tokens: Sequence[str], folder: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    unfinished = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(unfinished, ignore_errors=True)
    tokenizer = AutoTokenizer.from_pretrained(base, local_files_only=True, trust_remote_code=False)
    model = AutoModelForCausalLM.from_pretrained(
        base, dtype="float32", use_safetensors=True, local_files_only=True, trust_remote_code=False
    )
    if new := [token for token in tokens if token not in tokenizer.get_vocab()]:
        grow(model, add_tokens(tokenizer, new))  # one that was trained already keeps its rows
    model.save_pretrained(unfinished)
    tokenizer.save_pretrained(unfinished)
    for kept in ("generation_config.json", "training.json"):
        if (base / kept).exists():
            shutil.copy(base / kept, unfinished)
    unfinished.rename(folder)


def remove_grown(out: Path) -> None:
    """Remove what `grown_base` wrote, by the first process."""
    if not int(os.environ.get("RANK", "0")):
        for folder in out.glob("grown-*"):
            shutil.rmtree(folder, ignore_errors=True)
