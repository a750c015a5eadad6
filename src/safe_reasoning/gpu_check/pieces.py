"""Files cut into pieces of a few dozen MiB, to be carried one by one and put together again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from safe_reasoning.core.errors import UserError
from safe_reasoning.core.files import read_json, sha256, write_bytes, write_json

CONTENTS = "contents.json"  # in every piece: what all of them hold together


def _parts(name: str, size: int, limit: int) -> list[dict[str, Any]]:
    """A file as one part, or as several of equal size when it is larger than a piece."""
    count = -(-size // limit)
    step = -(-size // count)
    return [
        {
            "name": name,
            "part": number,
            "parts": count,
            "start": number * step,
            "bytes": min(step, size - number * step),
        }
        for number in range(count)
    ]


def arrange(sizes: Mapping[str, int], limit: int) -> list[list[dict[str, Any]]]:
    """Parts of files by piece, none larger than `limit` bytes.

    Parts of a file that is larger than a piece have a piece each; the others go into the first
    piece that has room, the largest first.
    """
    parts = [part for name, size in sizes.items() for part in _parts(name, max(1, size), limit)]
    alone = [[part] for part in parts if part["parts"] > 1]
    shared: list[list[dict[str, Any]]] = []
    whole = [part for part in parts if part["parts"] == 1]
    for part in sorted(whole, key=lambda part: (-part["bytes"], part["name"])):
        for piece in shared:
            if sum(other["bytes"] for other in piece) + part["bytes"] <= limit:
                piece.append(part)
                break
        else:
            shared.append([part])
    return shared + alone


def cut(folder: Path, names: Iterable[str], out: Path, limit: int) -> list[list[dict[str, Any]]]:
    """Write the files of `folder` as the pieces `out/piece-1`, `out/piece-2`, ...

    Returns:
        What each piece holds.
    """
    names = sorted(names)
    pieces = arrange({name: (folder / name).stat().st_size for name in names}, limit)
    contents = {
        "sha256": {name: sha256(folder / name) for name in names},
        "pieces": pieces,
    }
    for number, piece in enumerate(pieces, 1):
        place = out / f"piece-{number}"
        write_json(place / CONTENTS, contents)
        for part in piece:
            with open(folder / part["name"], "rb") as handle:
                handle.seek(part["start"])
                write_bytes(place / _file(part), handle.read(part["bytes"]))
    return pieces


def _file(part: Mapping[str, Any]) -> str:
    suffix = f".part{part['part'] + 1}of{part['parts']}" if part["parts"] > 1 else ""
    return f"{part['name']}{suffix}"


def join(bundle: Path, out: Path) -> list[str]:
    """Put the files of all pieces together in the folder `out`, check them, and give their names.

    Raises:
        UserError: a piece is missing or a file is not what was cut.
    """
    there = sorted(bundle.glob(f"piece-*/{CONTENTS}"))
    if not there:
        raise UserError(f"{bundle} holds no pieces: make them with make gpu-bundle, or name their folder")
    contents = read_json(there[0])
    if any(read_json(path) != contents for path in there):
        raise UserError(f"the pieces in {bundle} are of different bundles: bring all of one")
    places: dict[tuple[str, int], Path] = {}
    for number, piece in enumerate(contents["pieces"], 1):
        if not (bundle / f"piece-{number}" / CONTENTS).exists():
            raise UserError(f"{bundle} lacks piece-{number} of {len(contents['pieces'])}: bring it too")
        for part in piece:
            places[part["name"], part["part"]] = bundle / f"piece-{number}" / _file(part)
    for name, digest in contents["sha256"].items():
        parts = [path for (other, _), path in sorted(places.items()) if other == name]
        write_bytes(out / name, b"".join(path.read_bytes() for path in parts))
        if sha256(out / name) != digest:
            raise UserError(f"{name} of {bundle} is not the file that was cut: copy its piece again")
    return sorted(contents["sha256"])
