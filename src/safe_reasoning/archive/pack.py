"""The one file of a run.

A zip archive with the same bytes for the same content, checked as a whole before anything of it is
used.

Files are stored, not compressed: what a compressor makes of them depends on its version. Every file
but the RO-Crate metadata is named in it with SHA-256 and size, so an archive that was damaged or
altered is refused. Whoever alters the metadata too is not found out by that: the archive's own
SHA-256, printed when it is written, is for that.
"""

from __future__ import annotations

import io
import json
import re
import stat
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple
from urllib.parse import unquote

from safe_reasoning.core.errors import UserError
from safe_reasoning.report.manifest import entries, entry, first_problem

METADATA = "ro-crate-metadata.json"
DATE = (1980, 1, 1, 0, 0, 0)  # the first that a zip file can hold
MANIFEST = re.compile(r"results/([a-z0-9_]+)/manifest\.json")


class Archived(NamedTuple):
    """A checked archive: the run's name, its files by name within the run's folder, and the others
    by their whole name.
    """

    run: str
    files: dict[str, bytes]
    others: dict[str, bytes]

    @property
    def manifest(self) -> dict[str, Any]:
        """The run's manifest."""
        try:
            return json.loads(self.files["manifest.json"])
        except ValueError as error:
            raise UserError(
                f"the archive's manifest of {self.run} is no JSON ({error}): fetch the archive again"
            ) from None


def pack(contents: Mapping[str, bytes]) -> bytes:
    """The archive as bytes: RO-Crate metadata first, the other files by name.

    No time, user or compressor in it.
    """
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(contents, key=lambda name: (name != METADATA, name)):
            info = zipfile.ZipInfo(name, DATE)
            info.create_system = 3  # Unix, wherever it is written
            info.external_attr = (stat.S_IFREG | 0o644) << 16
            archive.writestr(info, contents[name])
    return sink.getvalue()


def _check_name(path: Path, info: zipfile.ZipInfo) -> None:
    """Refuse names that lead out of the folder they are unpacked to, and what is no plain file."""
    name = PurePosixPath(info.filename)
    kind = stat.S_IFMT(info.external_attr >> 16)
    # An absolute name, one with a drive or a backslash, one with an empty, a single or a double dot
    # part.
    if (
        name.is_absolute()
        or re.search(r"[\\:\0]", info.filename)
        or ".." in name.parts
        or str(name) != info.filename
    ):
        raise UserError(f"{path} holds a file named {info.filename!r}, which leads elsewhere: it is not used")
    if kind not in (0, stat.S_IFREG):
        raise UserError(f"{path} holds {info.filename!r}, which is no plain file: it is not used")


def _read_zip(path: Path) -> dict[str, bytes]:
    """All files of a zip archive. Its own check sums are checked on the way."""
    contents: dict[str, bytes] = {}
    try:
        with zipfile.ZipFile(path) as archive:
            infos = archive.infolist()
            for info in infos:
                _check_name(path, info)
                if info.compress_type != zipfile.ZIP_STORED or info.filename in contents:
                    raise UserError(
                        f"{path} was not written by make archive ({info.filename} is compressed or there "
                        "twice): take the original"
                    )
                contents[info.filename] = archive.read(info)
    except FileNotFoundError:
        raise UserError(f"{path} does not exist: write it with make archive RUN=demo") from None
    # RuntimeError: an encryption flag; NotImplementedError, a kind of it, an unknown version; the
    # others: bytes that fit no zip.
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError, IsADirectoryError) as error:
        raise UserError(f"{path} is no undamaged archive of a run ({error}): fetch it again") from None
    return contents


def _described(path: Path, metadata: bytes) -> dict[str, dict[str, Any]]:
    """SHA-256 and size of every file that the RO-Crate metadata names."""
    try:
        graph = json.loads(metadata)["@graph"]
        files = [
            item
            for item in graph
            if "File" in (item["@type"] if isinstance(item["@type"], list) else [item["@type"]])
        ]
        return {
            unquote(item["@id"]): {"sha256": item["sha256"], "bytes": int(item["contentSize"])}
            for item in files
        }
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(
            f"{path}: {METADATA} names no files with sha256 and size ({error!r}): fetch the archive again"
        ) from None


def unpack(path: Path) -> Archived:
    """Read an archive and check all of it.

    A damaged or altered one is a UserError, and nothing is written.
    """
    contents = _read_zip(path)
    if METADATA not in contents:
        raise UserError(f"{path} holds no {METADATA}: give a file that make archive wrote")
    described = _described(path, contents.pop(METADATA))
    if unnamed := sorted(set(contents) - set(described)):
        raise UserError(f"{path} was altered: {unnamed[0]} is not named in {METADATA}: fetch it again")
    if problem := first_problem(described, contents.get):
        raise UserError(f"{path} was altered or damaged: {problem}: fetch it again")
    runs = [found[1] for found in map(MANIFEST.fullmatch, contents) if found]
    if len(runs) != 1:
        raise UserError(f"{path} holds {len(runs)} runs, not one: give a file that make archive wrote")
    folder = f"results/{runs[0]}/"
    files = {
        name.removeprefix(folder): content for name, content in contents.items() if name.startswith(folder)
    }
    archived = Archived(
        runs[0], files, {name: content for name, content in contents.items() if not name.startswith(folder)}
    )
    if problem := first_problem(entries(archived.manifest, f"{path}: manifest.json"), files.get):
        raise UserError(
            f"{path}: against the run's manifest {problem}: it was put together wrongly; write it again"
        )
    return archived


def describe(content: bytes) -> dict[str, str]:
    """SHA-256 and size of a file, as RO-Crate has them."""
    found = entry(content)
    return {"sha256": found["sha256"], "contentSize": str(found["bytes"])}
