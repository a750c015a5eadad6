"""What the check carries to a machine without a network: wheels, weights, recorded results."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from safe_reasoning.core.cli import progress
from safe_reasoning.core.errors import UserError
from safe_reasoning.gpu_check import pieces

MIB = 2**20
# One call to a machine may carry 64 MiB, of which the repository takes up to ten.
PIECE_BYTES = 52 * MIB
PLATFORMS = [f"manylinux_2_{minor}_x86_64" for minor in (31, 28, 27, 26, 24, 17, 12, 5)]
PLATFORMS += ["manylinux2014_x86_64", "manylinux2010_x86_64", "manylinux1_x86_64"]
# Published as source only. DeepSpeed's operators are compiled at their first use, where one is
# needed at all.
AS_SOURCE = {"deepspeed": {"DS_BUILD_OPS": "0"}, "connection-pool": {}}


def _pip(arguments: Sequence[str], **environment: str) -> None:
    command = [sys.executable, "-m", "pip", *arguments, "--quiet", "--disable-pip-version-check"]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, **environment}
    )
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["pip gave no reason"]
        raise UserError(f"pip {arguments[0]} failed ({lines[-1]}): check the network and the package index")


def _entries(lock: Path) -> dict[str, str]:
    """The lines of each package of a lock."""
    blocks = re.split(r"\n(?=\S)", lock.read_text())
    found = {}
    for block in blocks:
        if match := re.match(r"([a-z0-9._-]+)==", block):
            found[match[1]] = block
    return found


def wheels(lock: Path, folder: Path) -> list[Path]:
    """The wheels of a lock for Python 3.12 on Linux, each with the lock's hash; those that exist as
    source only are built.
    """
    folder.mkdir(parents=True, exist_ok=True)
    entries = _entries(lock)
    with tempfile.TemporaryDirectory() as name:
        binary = Path(name) / "binary.lock"
        binary.write_text("\n".join(text for package, text in entries.items() if package not in AS_SOURCE))
        tags = [option for platform in PLATFORMS for option in ("--platform", platform)]
        _pip(
            [
                "download",
                *("--no-deps", "--require-hashes", "--only-binary", ":all:", "--implementation", "cp"),
                *("--python-version", "3.12", *tags, "--dest", str(folder), "-r", str(binary)),
            ]
        )
        for package, variables in AS_SOURCE.items():
            if package not in entries or list(folder.glob(f"{package.replace('-', '_')}-*.whl")):
                continue
            source = Path(name) / f"{package}.lock"
            source.write_text(entries[package])
            options = ["--no-deps", "--require-hashes", "--no-build-isolation", "--no-binary", package]
            _pip(["wheel", *options, "--wheel-dir", str(folder), "-r", str(source)], **variables)
    found = sorted(folder.glob("*.whl"))
    if len(found) != len(entries):
        raise UserError(
            f"{folder} holds {len(found)} wheels, {lock} has {len(entries)} packages: empty the folder"
        )
    return found


def build(content: Path, out: Path) -> list[list[dict[str, Any]]]:
    """Cut the folder `content` into pieces in `out`; pieces of an older bundle are removed."""
    for old in out.glob("piece-*"):
        shutil.rmtree(old)
    names = [str(path.relative_to(content)) for path in content.rglob("*") if path.is_file()]
    return pieces.cut(content, names, out, PIECE_BYTES)


def tell(parts: Sequence[Sequence[dict[str, Any]]]) -> None:
    """Say what each piece holds."""
    for number, piece in enumerate(parts, 1):
        size = sum(part["bytes"] for part in piece) / MIB
        kinds: dict[str, list[dict[str, Any]]] = {}
        for part in piece:
            label = part["name"].split("/")[0]
            if part["parts"] > 1:
                label = f"{part['name']} (part {part['part'] + 1} of {part['parts']})"
            kinds.setdefault(label, []).append(part)
        held = "; ".join(
            f"{label}: {len(group)} files, {sum(part['bytes'] for part in group) / MIB:.1f} MiB"
            for label, group in sorted(kinds.items())
        )
        progress(f"piece-{number}: {size:.1f} MiB - {held}")
