"""Which container images the workflow runs, and which it refuses.

What containers/digests.lock says. Light, since every job reads the rules again.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from safe_reasoning.core.errors import UserError

ROOT = Path(__file__).resolve().parents[3]
TABLE = "containers/digests.lock"
NAMES = ("serve", "train", "grpo", "analyze")
ENTRY = {"image", "digest", "lock_sha256"}
BASE = {"image", "digest", "snapshot", "learned"}
HEADS = {
    "bases": (
        "# Bases of the builds, written by `make lock-containers`, and the images that the workflow runs, "
        "written "
        "by `make containers`: see containers/README.md.\n"
    ),
    "images": "# An image that is null is not built yet.\n",
}
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def table() -> dict[str, Any]:
    """The whole of containers/digests.lock.

    `bases` by folder of a definition, `images` by environment.

    Raises:
        UserError: it is missing or is no such table.
    """
    try:
        text = (ROOT / TABLE).read_text()
    except FileNotFoundError:
        raise UserError(f"{TABLE} does not exist: take it from the repository") from None
    return deepcopy(_parsed(text))


@cache
def _parsed(text: str) -> dict[str, Any]:
    """Every rule asks for the table, and it is the same."""
    try:
        content = dict(yaml.safe_load(text))
        if set(content["images"]) != set(NAMES) or any(
            set(entry) != ENTRY for entry in content["images"].values()
        ):
            raise KeyError(f"images needs {', '.join(NAMES)} with {', '.join(sorted(ENTRY))} each")
        if any(set(base) != BASE for base in content["bases"].values()):
            raise KeyError(f"bases needs {', '.join(sorted(BASE))} each")
    except (yaml.YAMLError, KeyError, TypeError, AttributeError, ValueError) as error:
        reason = str(error).splitlines()[0].strip("'\"")
        raise UserError(f"{TABLE} cannot be read ({reason}): take it from the repository again") from None
    return content


def text_of(content: Mapping[str, Any]) -> str:
    """The file of a table, with its comments."""
    return "".join(
        head + yaml.safe_dump({part: content[part]}, sort_keys=False, width=1000)
        for part, head in HEADS.items()
    )


def image(name: str) -> str:
    """What a rule says in `container:` for an environment, such as `containers/serve.sif` or
    `docker://registry/serve@sha256:...`.

    For an image that is not built yet this is the path where `make containers` will put it: a run
    in a virtual environment never looks there, and nothing is made again because the image was
    built meanwhile.

    Raises:
        UserError: no environment has this name.
    """
    if name not in NAMES:
        raise UserError(f"no image is called {name!r}: use one of {', '.join(NAMES)}")
    return str(table()["images"][name]["image"] or sif(name))


def sif(name: str) -> str:
    """Where `make containers` puts an image of Apptainer."""
    return f"containers/{name}.sif"


def lock_sha256(name: str) -> str:
    """SHA-256 of an environment's lock as it is now."""
    path = ROOT / f"envs/{name}.lock"
    if not path.exists():
        raise UserError(f"envs/{name}.lock does not exist: take it from the repository, or run make lock")
    return hashlib.sha256(path.read_bytes()).hexdigest()


def file_digest(path: Path) -> str:
    """Digest of a file, as images are named by it: `sha256:` and 64 hexadecimal digits."""
    with path.open("rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"


def refusals(names: Iterable[str]) -> list[str]:
    """One line for each image that may not be used, with its repair; empty when all may.

    Reads the image files whole, a minute for 30 GB.
    """
    images = table()["images"]
    lines = [_fault(name, images[name]) for name in sorted(set(names))]
    return [line for line in lines if line]


def _fault(name: str, entry: Mapping[str, str | None]) -> str | None:
    """Why an image may not be used; None when it may."""
    reference, digest = entry["image"], entry["digest"]
    build = f"run make containers NAMES={name}"
    if not reference:
        return f"the image {name} is not built yet: {build}"
    if not digest or not DIGEST.fullmatch(digest):
        return f"the image {name} ({reference}) has no digest in {TABLE}: {build}"
    try:
        lock = lock_sha256(name)
    except UserError as error:
        return str(error)
    if entry["lock_sha256"] != lock:
        return (
            f"the image {name} ({reference}) was built from another envs/{name}.lock than the present "
            f"one: {build}"
        )
    if "://" in reference:
        if "@" not in reference:
            return (
                f"the image {name} ({reference}) is named by a tag, which can move: write "
                f"{reference}@{digest} in {TABLE}, or {build}"
            )
        if not reference.endswith(f"@{digest}"):
            return (
                f"the image {name} ({reference}) is not the one of the digest {digest} in {TABLE}: fix "
                f"one of them, or {build}"
            )
        return None
    path = ROOT / reference
    if not path.is_file():
        return f"the image {name} ({reference}) is not there: copy it from where it was built, or {build}"
    if file_digest(path) != digest:
        return (
            f"the image {name} ({reference}) is not the file whose digest is in {TABLE}: copy it again, "
            f"or {build}"
        )
    return None
