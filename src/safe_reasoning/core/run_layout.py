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


def kept_folder(model_dir: Path, share: float) -> Path:
    """The folder of the weights kept after a share of a training's steps, named by its percents."""
    return model_dir / "checkpoints" / f"{round(100 * share)}"


def id_at(generation_id: str, share: float) -> str:
    """The id of a generation of kept weights, which share one file."""
    return f"{generation_id}@{round(100 * share)}"


def share_of(generation_id: str) -> float:
    """The share of the steps after which a generation of kept weights was made."""
    return int(generation_id.rpartition("@")[2]) / 100


def id_after(generation_id: str, sentences: int, sample: int) -> str:
    """The id of a continuation of a generation that was cut after so many sentences."""
    return f"{generation_id}+{sentences}.{sample}"


def sentences_given(generation_id: str) -> int:
    """The sentences after which the generation that is continued was cut."""
    return int(generation_id.rpartition("+")[2].partition(".")[0])


def id_behind(generation_id: str, arm: str, sample: int) -> str:
    """The id of a response to the prompt of a generation, behind the reasoning of an arm."""
    return f"{generation_id}+{arm}.{sample}"
