"""Benchmark files: from a mirror folder or from the hub at a pinned revision, always checked against the pin in config/sources.yaml."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from safe_reasoning.errors import UserError
from safe_reasoning.records import sha256

TABLE = Path(__file__).resolve().parents[2] / "config" / "sources.yaml"
MIRROR_VARIABLE = "SAFE_REASONING_DATA"


class Source(BaseModel):
    """The pin of one file. The keys are explained at the top of config/sources.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["dataset", "model"]
    repository: str
    revision: str = Field(pattern=r"^[0-9a-f]{40}$")
    hub_file: str
    hub_identical: bool = True
    mirror_file: str
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    content_sha256: str | None = Field(None, pattern=r"^[0-9a-f]{64}$")
    rows: int = Field(ge=1)
    licence: str
    gated: bool


def source(source_id: str) -> Source:
    """The pin of that id; an unknown id or a broken table is a UserError."""
    try:
        table = TypeAdapter(dict[str, Source]).validate_python(yaml.safe_load(TABLE.read_text()))
    except FileNotFoundError:
        raise UserError(f"{TABLE} does not exist: take it from the repository") from None
    except (yaml.YAMLError, ValidationError) as error:
        raise UserError(f"{TABLE} is not a valid table of sources ({str(error).splitlines()[0]}): mend it") from None
    if source_id not in table:
        raise UserError(f"unknown data source {source_id!r}: use one of {', '.join(sorted(table))}")
    return table[source_id]


def fetch(source_id: str, mirror: str | None) -> Path:
    """The checked file of a source.

    Args:
        source_id: An id of config/sources.yaml.
        mirror: Folder with local copies; the environment variable SAFE_REASONING_DATA overrides it; None: the hub.

    Returns:
        A path in the mirror, or in the hub's cache. A mirror is never mixed with the hub: a file missing there is an error.

    Raises:
        UserError: The file is missing or altered, or the hub cannot be reached.
    """
    pin = source(source_id)
    mirror = os.environ.get(MIRROR_VARIABLE) or mirror
    if mirror is None:
        path = _download(source_id, pin)
        if not pin.hub_identical:
            return path  # its reader checks content_sha256
    else:
        path = Path(mirror).expanduser() / pin.mirror_file
        if not path.is_file():
            raise UserError(
                f"{source_id}: {path} does not exist: put the file there, or unset data_mirror and {MIRROR_VARIABLE} to use the hub"
            )
    if (found := sha256(path)) != pin.sha256:
        raise UserError(
            f"{source_id}: {path} is altered (sha256 {found[:12]}..., expected {pin.sha256[:12]}...): delete it and fetch it again"
        )
    return path


def check_content(source_id: str, digest: str, path: Path) -> None:
    """Compare the digest of what was read with the pin; raises UserError when they differ."""
    expected = source(source_id).content_sha256
    if digest != expected:
        raise UserError(f"{source_id}: the rows of {path} are not those pinned (sha256 {digest[:12]}...): delete it and fetch it again")


def _download(source_id: str, pin: Source) -> Path:
    import httpx
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import EntryNotFoundError, GatedRepoError, HfHubHTTPError, LocalEntryNotFoundError

    place = f"{pin.repository} at {pin.revision[:12]}"
    mirror = f"name a folder that holds {pin.mirror_file} in data_mirror or {MIRROR_VARIABLE}"
    try:
        return Path(hf_hub_download(pin.repository, pin.hub_file, repo_type=pin.kind, revision=pin.revision))
    except GatedRepoError:
        raise UserError(f"{source_id}: {pin.repository} is gated: accept its terms on the hub and log in, or {mirror}") from None
    except LocalEntryNotFoundError:
        raise UserError(f"{source_id}: the hub cannot be reached for {place}: connect (is HF_HUB_OFFLINE set?), or {mirror}") from None
    except EntryNotFoundError:
        raise UserError(f"{source_id}: {place} has no file {pin.hub_file}: mend hub_file in config/sources.yaml, or {mirror}") from None
    except (HfHubHTTPError, httpx.HTTPError, OSError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise UserError(f"{source_id}: cannot download {pin.hub_file} of {place} ({reason}): try again, or {mirror}") from None
