"""The table of sources (config/sources.yaml) and the way from an id to a checked file.

From a mirror folder, or from the hub at the pinned revision.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from safe_reasoning.core.errors import UserError, unknown_name
from safe_reasoning.core.validation import problems
from safe_reasoning.core.yaml_files import parse_yaml

TABLE = Path(__file__).resolve().parents[3] / "config" / "sources.yaml"
MIRROR_VARIABLE = "SAFE_REASONING_DATA"
FLOATING = "floating"


class Source(BaseModel):
    """One entry of the table. The keys are explained at the top of config/sources.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["dataset", "model", "text"]
    host: Literal["hub", "github", "pypi"] = "hub"
    repository: str
    revision: str = Field(pattern=r"^([0-9a-f]{40}|floating|\d+(\.\d+)+)$")
    hub_file: str | None = None
    hub_identical: bool = True
    mirror_file: str | None = None
    sha256: str | None = Field(None, pattern=r"^[0-9a-f]{64}$")
    content_sha256: str | None = Field(None, pattern=r"^[0-9a-f]{64}$")
    rows: int | None = Field(None, ge=1)
    parameters: float | None = Field(None, gt=0)
    licence: str
    gated: bool

    @model_validator(mode="after")
    def _complete(self) -> Source:
        if self.kind == "dataset" and not (self.hub_file and self.mirror_file and self.rows):
            raise ValueError("a dataset needs hub_file, mirror_file and rows")
        if self.kind == "text" and not (self.hub_file and self.mirror_file):
            raise ValueError("a text needs hub_file and mirror_file")
        if (self.host == "pypi") != ("." in self.revision):
            raise ValueError("a source on PyPI is pinned by its version, every other by its commit")
        if self.kind == "model" and self.parameters is None:
            raise ValueError("a model needs parameters")
        return self

    @property
    def pinned_revision(self) -> str:
        """Repository and revision, for messages."""
        return f"{self.repository} at {self.revision[:12]}"


def table() -> dict[str, Source]:
    """All sources by id; a broken table is a UserError."""
    try:
        return TypeAdapter(dict[str, Source]).validate_python(parse_yaml(TABLE.read_bytes(), TABLE))
    except FileNotFoundError:
        raise UserError(f"{TABLE} does not exist: take it from the repository") from None
    except ValidationError as error:
        raise UserError(
            f"{TABLE} is not a valid table of sources ({problems(error, dict[str, Source])[0]}): fix it"
        ) from None


def source(source_id: str) -> Source:
    """The entry of that id; an unknown one is a UserError."""
    entries = table()
    if source_id not in entries:
        raise UserError(f"data source {unknown_name(source_id, sorted(entries))}")
    return entries[source_id]


def parameters(source_id: str) -> float:
    """Parameters of a model in billions; a data set is a UserError."""
    found = source(source_id).parameters
    if found is None:
        raise UserError(f"{source_id} is no model: name one of kind model in config/sources.yaml")
    return found


def user_cache() -> Path:
    """Where files are kept that the hub's own cache does not keep."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "safe-reasoning"


def mirror_folder(mirror: str | None) -> Path | None:
    """The mirror in use: the environment variable SAFE_REASONING_DATA goes before the
    configuration; None: no mirror. What it lacks comes from the sources' hosts.
    """
    folder = os.environ.get(MIRROR_VARIABLE) or mirror
    return Path(folder).expanduser() if folder else None


def existing_mirror(mirror: str | None) -> Path | None:
    """The mirror in use, or None; one that does not exist is a UserError."""
    folder = mirror_folder(mirror)
    if folder is not None and not folder.is_dir():
        key = MIRROR_VARIABLE if os.environ.get(MIRROR_VARIABLE) else "data_mirror"
        raise UserError(f"{key}: the folder {folder} does not exist: correct it, or unset it to use the hub")
    return folder


def places_in_mirror(source_id: str, entry: Source) -> list[str]:
    """Where a source lies in a mirror folder, the first place first.

    A file whose bytes are others on the host may lie beside, under its name there.
    """
    if entry.kind == "model":
        return [f"models/{source_id}"]
    first = Path(str(entry.mirror_file))
    beside = [] if entry.hub_identical else [str(first.with_name(Path(str(entry.hub_file)).name))]
    return list(dict.fromkeys([str(first), *beside]))


def in_mirror(source_id: str, mirror: str | None) -> Path | None:
    """The file or folder of a source in the mirror in use; None where there is none."""
    folder, entry = existing_mirror(mirror), source(source_id)
    places = [folder / place for place in places_in_mirror(source_id, entry)] if folder else []
    found = (path for path in places if (path.is_dir() if entry.kind == "model" else path.is_file()))
    return next(found, None)


def check_rows(source_id: str, count: int, path: Path) -> None:
    """Compare the number of rows that were read with the table.

    Raises UserError when they differ.
    """
    expected = source(source_id).rows
    if count != expected:
        raise UserError(
            f"{source_id}: {path} has {count} rows, {expected} are expected: the set is cut or changed; "
            "delete it and fetch it again"
        )


def check_content(source_id: str, digest: str, path: Path) -> None:
    """Compare the digest of what was read (rows, or a text) with the table.

    Raises UserError when they differ.
    """
    expected = source(source_id).content_sha256
    if digest != expected:
        raise UserError(
            f"{source_id}: the contents of {path} are not those pinned (sha256 {digest[:12]}...): delete "
            "it and fetch it again"
        )


def lock_revision(text: str, source_id: str, revision: str, digest: str | None) -> str:
    """The table's text with a floating revision replaced, and with the file's digest where it has
    none. Comments and order stay.
    """
    found = re.search(rf"^{source_id}:\n(?:[ \t]+.*\n|\n)*", text, re.MULTILINE)
    if found is None:
        raise UserError(f"{TABLE} has no entry {source_id}: add it")
    block = re.sub(rf"^(  revision: ){FLOATING}\b.*$", rf"\g<1>{revision}", found[0], flags=re.MULTILINE)
    if digest and not re.search(r"^  sha256:", block, re.MULTILINE):
        block = re.sub(
            rf"^(  revision: {revision}\n)", rf"\g<1>  sha256: {digest}\n", block, flags=re.MULTILINE
        )
    return text[: found.start()] + block + text[found.end() :]
