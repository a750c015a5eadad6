"""Pinned arithmetic: which variables a job gets, and that a script started by hand starts again with them."""

import os
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest

from safe_reasoning.core import arithmetic


def test_a_job_exports_every_pin_and_a_native_one_nothing():
    first, *words = shlex.split(arithmetic.exports("portable").rstrip("; "))
    assert first == "export"
    assert dict(word.split("=", 1) for word in words) == arithmetic.PORTABLE
    assert arithmetic.exports("native") == ""


@pytest.mark.parametrize(
    ("text", "already", "starts_again"),
    [
        ("arithmetic: portable", False, True),
        ("arithmetic: portable", True, False),
        ("arithmetic: native", False, False),
        ("run: demo", False, False),
    ],
)
def test_a_script_starts_again_once_when_its_configuration_asks_for_it(
    text: str, already: bool, starts_again: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "run.yaml").write_text(text)
    monkeypatch.setenv("ATEN_CPU_CAPABILITY", "avx512")
    monkeypatch.delenv("SAFE_REASONING_ARITHMETIC", raising=False)
    if already:
        monkeypatch.setenv("SAFE_REASONING_ARITHMETIC", "portable")
    started: list[tuple[Any, ...]] = []
    monkeypatch.setattr(os, "execve", lambda *given: started.append(given))
    arithmetic.start_pinned(["train.py", "--config", str(tmp_path / "run.yaml"), "--out", "x"])
    assert bool(started) == starts_again
    for program, words, environment in started:
        assert program == words[0] == sys.executable
        assert environment.items() >= arithmetic.PORTABLE.items()


@pytest.mark.parametrize("arguments", [["x.py"], ["x.py", "--config"], ["x.py", "--config", "nowhere.yaml"]])
def test_without_a_configuration_nothing_is_pinned(arguments: list[str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("SAFE_REASONING_ARITHMETIC", raising=False)
    arithmetic.start_pinned(arguments)  # would replace this process
