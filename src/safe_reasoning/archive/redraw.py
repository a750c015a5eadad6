"""Figures and tables drawn again from an archive, compared with those in it."""

from __future__ import annotations

import tempfile
from pathlib import Path

from safe_reasoning.archive.pack import Archived, unpack
from safe_reasoning.core.errors import UserError
from safe_reasoning.core.files import write_bytes
from safe_reasoning.core.provenance import commit
from safe_reasoning.report.redraw import redraw

DRAWN = ("tables/", "figures/")


# Forms that must come out byte for byte: pictures depend on fonts and versions
EXACT = (".csv", ".md")


def _different(archived: Archived, out: Path) -> list[str]:
    """Tables and figure data that did not come out as they are in the archive."""
    exact = [name for name in archived.files if name.startswith(DRAWN) and name.endswith(EXACT)]
    return [
        name
        for name in sorted(exact)
        if not (out / name).is_file() or (out / name).read_bytes() != archived.files[name]
    ]


def redraw_archive(path: Path, out: Path | None = None) -> str:
    """Redraw all figures and tables from an archive alone, and hold tables and figure data to those
    in the archive.

    Args:
        path: the archive; one that is damaged or altered is a UserError.
        out: a folder that is not there yet or is empty; `results/<run>-redrawn` by default.

    Returns:
        What was done, in words.

    Raises:
        UserError: Also after drawing, when a table or a figure's data is not byte for byte what the
            archive holds.
    """
    archived = unpack(path)
    out = out or Path("results") / f"{archived.run}-redrawn"
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UserError(
            f"{out} is there already and is not written over: remove it, or name another folder (OUT=folder)"
        )
    for name, content in archived.files.items():
        if name in ("config.yaml", "manifest.json") or name.startswith("metrics/"):
            write_bytes(out / name, content)
    with tempfile.TemporaryDirectory(prefix="published-") as folder:
        published = Path(folder)
        for name, content in archived.others.items():
            if name.startswith("results/published/"):
                write_bytes(published / Path(name).name, content)
        drawn = redraw(out, published)
    if different := _different(archived, out):
        raise UserError(
            f"{len(different)} files of {out} differ from the archive's (such as {different[0]}): the "
            "archive's were drawn at commit "
            f"{archived.manifest['commit'][:12]}, this is {commit()[:12]}: use that commit and its locks "
            "for the same bytes"
        )
    return f"{drawn} of {path} into {out}; tables and figure data are byte for byte those of the archive"
