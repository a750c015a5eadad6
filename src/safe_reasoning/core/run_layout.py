"""Where the layers of one run lie: the one place that turns a file's path into what it holds."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from safe_reasoning.core.errors import UserError


class Variant(NamedTuple):
    """A trained or untrained model: method `base` is the untrained one."""

    method: str
    seed: int


def variant_of(path: Path | str) -> Variant:
    """Method and seed of a file in a `.../{method}/seed{seed}/` folder."""
    folder = Path(path).parent
    seed = folder.name.removeprefix("seed")
    if not seed.isdigit():
        raise UserError(f"{path} lies in no seed folder: give a file of .../METHOD/seedN/")
    return Variant(folder.parent.name, int(seed))
