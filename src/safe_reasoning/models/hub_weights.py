"""Weights from the hub or a mirror folder, linked into a run.

Safetensors only, no code, hashes kept.
"""

from __future__ import annotations

import fnmatch
import shutil
from pathlib import Path

from safe_reasoning.core.cli import progress
from safe_reasoning.core.errors import UserError
from safe_reasoning.core.files import read_json, sha256, write_json
from safe_reasoning.sources.fetch import from_host
from safe_reasoning.sources.hub import MODEL_FILES, download_model
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
    """A UserError unless the folder holds a configuration and every safetensors file that its index
    names.
    """
    if not (folder / "config.json").exists():
        raise UserError(f"{source_id}: {folder} has no config.json: fetch the model again")
    index = folder / "model.safetensors.index.json"
    named = (
        set(read_json(index)["weight_map"].values())
        if index.exists()
        else {path.name for path in folder.glob("*.safetensors")}
    )
    if not named:
        raise UserError(
            f"{source_id}: {folder} holds no safetensors, and other formats can run code when they are "
            "read: take a model that has them"
        )
    if missing := sorted(name for name in named if not (folder / name).exists()):
        raise UserError(
            f"{source_id}: {folder} lacks {missing[0]} ({len(missing)} of {len(named)} files): fetch the "
            "model again"
        )


def link_model(source_id: str, mirror: str | None, out: Path, *, model: str, method: str, seed: int) -> None:
    """Link a model's files into the folder `out` (copy them where links are not possible) and write
    `training.json` last, like any trained model's.

    Files next to weights, configuration and tokenizer stay behind: code is neither downloaded nor
    linked, and no loader here trusts any.
    """
    entry = source(source_id)
    folder = model_folder(source_id, mirror)
    out.mkdir(parents=True, exist_ok=True)
    files = sorted(
        path
        for path in folder.iterdir()
        if any(fnmatch.fnmatch(path.name, pattern) for pattern in MODEL_FILES)
    )
    for path in files:
        place = out / path.name
        place.unlink(missing_ok=True)
        try:
            place.symlink_to(path.resolve())
        except OSError:
            shutil.copy(path, place)
    weights = [path for path in files if path.suffix == ".safetensors"]
    progress(
        f"{model} {method}: hashing {sum(path.stat().st_size for path in weights) / 1e9:.1f} GB of "
        f"{entry.pinned_revision}"
    )
    write_json(
        out / "training.json",
        {
            "model": model,
            "method": method,
            "seed": seed,
            "settings": {},
            "source": source_id,
            "repository": entry.repository,
            "revision": entry.revision,
            "steps": 0,
            "seconds": 0.0,
            "loss_curve": [],
            "weights_sha256": {path.name: sha256(path) for path in weights},
            "examples": 0,
        },
    )
