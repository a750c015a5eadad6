"""The folder of this environment's programs, as a part of a shell's PATH."""

from __future__ import annotations

import shlex
from pathlib import Path

from safe_reasoning.core.errors import UserError


def programs_on_path(python: str) -> str:
    """The folder of a Python's programs, quoted for a shell command of Snakemake.

    Args:
        python: path of the interpreter.

    Raises:
        UserError: A folder with a colon, which separates the entries of PATH.
    """
    folder = str(Path(python).parent)
    if ":" in folder:
        raise UserError(
            f"{folder} has a colon, so it cannot be in PATH: rename that folder, then run make setup"
        )
    return shlex.quote(folder).replace("{", "{{").replace("}", "}}")
