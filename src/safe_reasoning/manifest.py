"""The manifest of a run: what its committed evidence is, byte for byte."""

from __future__ import annotations

from pathlib import Path

from safe_reasoning.errors import UserError
from safe_reasoning.records import commit, sha256, software, write_json

EVIDENCE = ("metrics/*.csv", "tables/*.csv", "tables/*.md", "figures/*.csv", "figures/*.png", "figures/*.svg")


def write_manifest(run: Path, out: Path) -> None:
    """Write SHA-256 and size of the resolved configuration and of every metric, table and figure, with versions and commit."""
    if not (run / "config.yaml").exists():
        raise UserError(f"{run / 'config.yaml'} does not exist: give the folder of a run, such as results/demo")
    paths = [run / "config.yaml", *sorted(path for pattern in EVIDENCE for path in run.glob(pattern))]
    files = {path.relative_to(run).as_posix(): {"sha256": sha256(path), "bytes": path.stat().st_size} for path in paths}
    write_json(out, {"files": files, "software": software(), "commit": commit()})
