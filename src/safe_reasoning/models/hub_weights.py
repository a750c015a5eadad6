"""Weights from the hub or a mirror folder, linked into a run.

Safetensors only, no code, hashes kept.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from pathlib import Path

from safe_reasoning.core.cli import progress
from safe_reasoning.core.errors import UserError
from safe_reasoning.core.files import sha256, write_json
from safe_reasoning.core.model_folder import files_of, problem_of
from safe_reasoning.sources.fetch import from_host
from safe_reasoning.sources.hub import download_model
from safe_reasoning.sources.table import in_mirror, source


def model_folder(source_id: str, mirror: str | None) -> Path:
    """The folder of a model's files.

    `models/<id>` of the mirror, or else the hub's cache, downloaded if need be. One without
    safetensors is a UserError.
    """
    entry = source(source_id)
    if entry.kind != "model":
        raise UserError(f"{source_id} is no model: name one of kind model in config/sources.yaml")
    found = in_mirror(source_id, mirror) or from_host(source_id, mirror, download_model)
    check_weights(source_id, found)
    return found


def check_weights(source_id: str, folder: Path) -> None:
    """A UserError unless the folder of a source holds what a model needs."""
    if problem := problem_of(folder):
        what, repair = problem
        raise UserError(f"{source_id}: {folder} {what}: {repair or 'fetch the model again'}")


def link_model(source_id: str, mirror: str | None, out: Path, *, model: str, method: str, seed: int) -> None:
    """Link a source's files into the folder `out`, see `link_folder`."""
    entry = source(source_id)
    origin = {"source": source_id, "repository": entry.repository, "revision": entry.revision}
    link_folder(model_folder(source_id, mirror), out, origin, model=model, method=method, seed=seed)


def link_folder(
    folder: Path, out: Path, origin: Mapping[str, str], *, model: str, method: str, seed: int
) -> None:
    """Link a model's files into the folder `out` (copy them where links are not possible) and write
    `training.json` last, like any trained model's.

    Files next to weights, configuration and tokenizer stay behind: code is neither downloaded nor
    linked, and no loader here trusts any.

    Args:
        folder: with the model's files.
        out: folder of the links.
        origin: what is known of where the weights are from; without a revision the hash of the
            weights stands for it.
        model: its name in the run.
        method: base, or the method that the weights are of.
        seed: of the method.
    """
    out.mkdir(parents=True, exist_ok=True)
    files = files_of(folder)
    for path in files:
        place = out / path.name
        place.unlink(missing_ok=True)
        try:
            place.symlink_to(path.resolve())
        except OSError:
            shutil.copy(path, place)
    weights = [path for path in files if path.suffix == ".safetensors"]
    size = sum(path.stat().st_size for path in weights) / 1e9
    progress(f"{model} {method}: hashing {size:.1f} GB of weights")
    digests = {path.name: sha256(path) for path in weights}
    write_json(
        out / "training.json",
        {
            "model": model,
            "method": method,
            "seed": seed,
            "settings": {},
            "revision": content_revision(digests),
            **origin,
            "steps": 0,
            "seconds": 0.0,
            "loss_curve": [],
            "weights_sha256": digests,
            "examples": 0,
        },
    )


def content_revision(digests: Mapping[str, str]) -> str:
    """What stands for the revision of weights that no hub has: `sha256:` and the hash of their
    files' names and hashes.
    """
    text = json.dumps(sorted(digests.items()))
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
