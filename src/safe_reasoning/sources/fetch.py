"""Fetching of a source from a mirror or its host, with its check."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from safe_reasoning.core.errors import UserError
from safe_reasoning.core.files import sha256
from safe_reasoning.sources.table import Source, existing_mirror, in_mirror, places_in_mirror, source


def fetch(source_id: str, mirror: str | None) -> Path:
    """The checked file of a data set or of a judge's text.

    Args:
        source_id: An id of config/sources.yaml.
        mirror: Folder with local copies; the environment variable SAFE_REASONING_DATA overrides it.
            What it lacks comes from the source's host.

    Returns:
        A path in the mirror, or in the cache.

    Raises:
        UserError: The file is missing or altered, or its host cannot be reached or refuses.
    """
    from safe_reasoning.sources import hub

    entry = source(source_id)
    path = in_mirror(source_id, mirror) or from_host(source_id, mirror, hub.download)
    if not is_pinned(source_id, entry, path, mirror):
        return path  # its reader checks content_sha256
    if entry.sha256 and (found := sha256(path)) != entry.sha256:
        raise UserError(
            f"{source_id}: {path} is altered (sha256 {found[:12]}..., expected {entry.sha256[:12]}...): "
            "delete it and fetch it again"
        )
    return path


def from_host(source_id: str, mirror: str | None, download: Callable[[str, Source], Path]) -> Path:
    """What a download gives; a UserError also says that the mirror in use has it not."""
    entry, folder = source(source_id), existing_mirror(mirror)
    try:
        return download(source_id, entry)
    except UserError as error:
        if folder is None:
            raise
        line = str(error).removeprefix(f"{source_id}: ")
        place = places_in_mirror(source_id, entry)[0]
        raise UserError(f"{source_id}: {folder} has no {place}, and {line}") from None


def is_pinned(source_id: str, entry: Source, path: Path, mirror: str | None) -> bool:
    """Whether the file must have the table's sha256: where the host's is another, the mirror's."""
    folder = existing_mirror(mirror)
    first = places_in_mirror(source_id, entry)[0]
    return entry.hub_identical or (folder is not None and path == folder / first)
