"""Fetching of a source from the hub, a host or a mirror, with its check."""

from __future__ import annotations

from pathlib import Path

from safe_reasoning.core.errors import UserError
from safe_reasoning.core.files import sha256
from safe_reasoning.sources.table import MIRROR_VARIABLE, mirror_folder, source


def fetch(source_id: str, mirror: str | None) -> Path:
    """The checked file of a data set or of a judge's text.

    Args:
        source_id: An id of config/sources.yaml.
        mirror: Folder with local copies; the environment variable SAFE_REASONING_DATA overrides it;
            None: the hub.

    Returns:
        A path in the mirror, or in the cache. A mirror is never mixed with the hub: a file missing
        there is an error.

    Raises:
        UserError: The file is missing or altered, or its host cannot be reached or refuses.
    """
    entry = source(source_id)
    folder = mirror_folder(mirror)
    if folder is None:
        from safe_reasoning.sources import hub

        path = hub.download(source_id, entry)
        if not entry.hub_identical:
            return path  # its reader checks content_sha256
    else:
        path = folder / str(entry.mirror_file)
        if not path.is_file():
            raise UserError(
                f"{source_id}: {path} does not exist: put the file there, or unset data_mirror and "
                f"{MIRROR_VARIABLE} to use its {entry.host}"
            )
    if entry.sha256 and (found := sha256(path)) != entry.sha256:
        raise UserError(
            f"{source_id}: {path} is altered (sha256 {found[:12]}..., expected {entry.sha256[:12]}...): "
            "delete it and fetch it again"
        )
    return path
