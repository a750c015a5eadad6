"""Writing of a mirror folder, in the places where `table.in_mirror` looks."""

from __future__ import annotations

import fnmatch
import shutil
from pathlib import Path

from safe_reasoning.core.files import sha256, whole_file, write_bytes
from safe_reasoning.sources.fetch import is_pinned
from safe_reasoning.sources.hub import MODEL_FILES
from safe_reasoning.sources.table import places_in_mirror, source

SUMS = "SHA256SUMS"


def put(source_id: str, found: Path, mirror: str | None, out: Path) -> None:
    """Copy a source into a mirror folder.

    Args:
        source_id: of config/sources.yaml.
        found: its checked file, or a model's folder; of a model only weights as safetensors,
            configuration and tokenizer are copied.
        mirror: the mirror that it may come from.
        out: the folder to write.
    """
    entry = source(source_id)
    first, *beside = places_in_mirror(source_id, entry)
    if entry.kind != "model":
        place = first if is_pinned(source_id, entry, found, mirror) or not beside else beside[0]
        _copy(found, out / place)
        return
    for path in sorted(found.iterdir()):
        if any(fnmatch.fnmatch(path.name, pattern) for pattern in MODEL_FILES):
            _copy(path, out / first / path.name)


def copy(found: Path, folder: Path) -> None:
    """Copy a file into a folder under its own name."""
    _copy(found, folder / found.name)


def _copy(found: Path, place: Path) -> None:
    """Copy a file unless it is there already, by its hash; it is there whole or not at all."""
    if place.is_file() and sha256(place) == sha256(found):
        return
    with found.open("rb") as origin, whole_file(place) as target:
        shutil.copyfileobj(origin, target)


def write_sums(out: Path) -> int:
    """Write the hashes of all files of a mirror folder, as `sha256sum --check` reads them.

    Returns:
        The number of files.
    """
    files = sorted(path for path in out.rglob("*") if path.is_file() and path.name != SUMS)
    lines = [f"{sha256(path)}  {path.relative_to(out)}\n" for path in files]
    write_bytes(out / SUMS, "".join(lines).encode())
    return len(files)
