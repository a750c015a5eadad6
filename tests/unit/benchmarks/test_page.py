"""The frame of the benchmarks: it writes the page, and leaves the sections of other parts alone."""

import sys
from pathlib import Path
from types import ModuleType

import pytest

from benchmarks import PARTS, __main__
from benchmarks.__main__ import measure_into
from benchmarks.page import HEAD, table


def made(title: str, rows: list[dict], notes: str = "") -> ModuleType:
    """A part that measures nothing."""
    part = ModuleType(title)
    part.TITLE, part.NOTES, part.measure = title, notes, lambda: rows  # type: ignore[attr-defined]
    return part


def write(page: Path, **parts: ModuleType) -> str:
    measure_into(page, list(parts), parts.__getitem__)
    return page.read_text()


def test_a_part_measured_anew_leaves_the_others_as_they_were(tmp_path: Path):
    page = tmp_path / "docs/performance.md"
    first = write(
        page,
        training=made("Training", [{"what": "SFT", "ratio": 1.04}], "Nothing pays."),
        sampling=made("Sampling", [{"what": "vLLM", "tokens": 12345, "ratio": None}]),
    )
    assert first.startswith(HEAD)
    assert first.index("## Sampling") < first.index("## Training")  # the order of PARTS, not of the call
    assert "| SFT | 1.04 |" in first and "| vLLM | 12,345 |  |" in first and "\nNothing pays.\n" in first
    second = write(page, sampling=made("Sampling", [{"what": "vLLM", "tokens": 7}]))
    assert "| vLLM | 7 |" in second and "12,345" not in second
    before, after = (text.split("<!-- part: training -->")[1] for text in (first, second))
    assert before == after
    assert write(page, sampling=made("Sampling", [{"what": "vLLM", "tokens": 7}])) == second


def test_a_section_names_machine_versions_and_command(tmp_path: Path):
    page = write(tmp_path / "page.md", growth=made("Growth", [{"stage": "judging"}]))
    words = " ".join(page.split())
    for needed in ("cores", "GiB of memory", "python 3.", "torch", "commit", "`python -m benchmarks growth`"):
        assert needed in words


def test_a_table_has_every_column_and_short_numbers():
    rows = [{"a": 0.123456, "b": True}, {"b": "x|y", "c": 1234.5}]
    assert table(rows).splitlines() == [
        "| a | b | c |",
        "| --- | --- | --- |",
        "| 0.123 | True |  |",
        "|  | x\\|y | 1,234 |",
    ]


def test_an_unknown_part_is_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setattr(sys, "argv", ["benchmarks", "trainig"])
    with pytest.raises(SystemExit):
        __main__.main()
    assert f"unknown part 'trainig': use some of {', '.join(PARTS)}" in capsys.readouterr().err
