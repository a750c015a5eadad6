"""Files from the future, which a clock that jumped back leaves.

Snakemake stops a job whose result is older than what it was made from: until the clock has caught
up, every new file would be.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from pathlib import Path

from safe_reasoning.core.cli import progress

TOLERANCE = 2.0  # seconds: file systems round, and file servers have clocks of their own


def bring_to_now(folders: Iterable[Path | str]) -> int:
    """Give files of these folders that are from the future the present time; returns how many.

    What was older stays older, so nothing counts as changed.
    """
    now, count = time.time(), 0
    for folder in folders:
        for path in Path(folder).rglob("*"):
            try:
                if path.lstat().st_mtime > now + TOLERANCE:
                    os.utime(path, (now, now), follow_symlinks=False)
                    count += 1
            except (FileNotFoundError, PermissionError):
                continue
    if count:
        progress(f"{count} files were from the future: the clock has jumped back; they are from now instead")
    return count
