"""Altered, damaged and foreign archives are refused."""

import hashlib
import stat
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from safe_reasoning.archive.pack import METADATA, pack, unpack
from safe_reasoning.archive.redraw import redraw_archive
from safe_reasoning.core.errors import UserError
from tests.support.made_run import refused

pytestmark = [pytest.mark.xdist_group("archive"), pytest.mark.long]


def altered(archived: Path, change: Callable[[dict[str, bytes]], object]) -> bytes:
    with zipfile.ZipFile(archived) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    change(contents)
    return pack(contents)


def test_an_altered_archive_is_refused(archived: Path, tmp_path: Path):
    metric = "results/made/metrics/kl.csv"

    def forge(contents: dict[str, bytes]) -> None:
        """A metric and what the metadata says of it, but not what the manifest says."""
        old, contents[metric] = contents[metric], contents[metric].replace(b"0.1", b"0.2")
        before, after = (hashlib.sha256(content).hexdigest().encode() for content in (old, contents[metric]))
        contents[METADATA] = contents[METADATA].replace(before, after)

    cases = {
        "kl.csv is not the file": lambda contents: contents.update(
            {metric: contents[metric].replace(b"0.1", b"0.2")}
        ),
        "kl.csv is missing": lambda contents: contents.pop(metric),
        "notes.txt is not named": lambda contents: contents.update({"notes.txt": b"more"}),
        "against the run's manifest metrics/kl.csv": forge,
        "holds no ro-crate-metadata.json": lambda contents: contents.pop(METADATA),
        "names no files": lambda contents: contents.update({METADATA: b"{}"}),
        "names no files with": lambda contents: contents.update({METADATA: b"not json"}),
    }
    for number, (message, change) in enumerate(cases.items()):
        path = tmp_path / f"{number}.zip"
        path.write_bytes(altered(archived, change))
        assert message in refused(lambda path=path: redraw_archive(path, tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_a_damaged_archive_is_refused_or_reads_as_it_was(archived: Path, tmp_path: Path):
    """One byte in every few thousand, and the ends: no fault but a UserError, and never another content."""
    whole, good = archived.read_bytes(), unpack(archived)
    path = tmp_path / "damaged.zip"
    found = 0
    for place in [
        *range(0, 200, 3),
        *range(200, len(whole) - 9000, len(whole) // 12),
        *range(len(whole) - 9000, len(whole), 151),
    ]:
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x41]) + whole[place + 1 :])
        try:
            assert unpack(path) == good
        except UserError:
            found += 1
    assert found > 50
    for size in (0, 10, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:size])
        assert "no undamaged archive" in refused(lambda: unpack(path))
    assert "does not exist" in refused(lambda: unpack(tmp_path / "none.zip"))
    assert "no undamaged archive" in refused(lambda: unpack(tmp_path))


@pytest.mark.parametrize(
    "name",
    [
        "../out.csv",
        "/tmp/out.csv",
        "results/made/../../../out.csv",
        "a\\..\\..\\out.csv",
        "C:/out.csv",
        "a//b",
        "./a",
    ],
)
def test_names_that_lead_elsewhere_are_refused(name: str, archived: Path, tmp_path: Path):
    path = tmp_path / "slip.zip"
    path.write_bytes(altered(archived, lambda contents: contents.update({name: b"x"})))
    assert "leads elsewhere" in refused(lambda: redraw_archive(path, tmp_path / "deep/down/out"))
    assert [item.name for item in tmp_path.rglob("*")] == ["slip.zip"]


def test_links_and_compressed_files_are_refused(archived: Path, tmp_path: Path):
    link = zipfile.ZipInfo("link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    for info, message in ((link, "no plain file"), (zipfile.ZipInfo("README.md"), "there twice")):
        path = tmp_path / f"{info.filename}.zip"
        path.write_bytes(archived.read_bytes())
        with (
            warnings.catch_warnings(action="ignore", category=UserWarning),
            zipfile.ZipFile(path, "a") as archive,
        ):
            archive.writestr(info, "/etc/passwd")
        assert message in refused(lambda path=path: unpack(path))
    path = tmp_path / "squeezed.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(METADATA, "{}" * 1000)
    assert "compressed" in refused(lambda: unpack(path))
