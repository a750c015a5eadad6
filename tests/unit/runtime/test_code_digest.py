"""Digests of code: what a script imports counts, what a text looks like does not, nor where it lies."""

import os
import shutil
from pathlib import Path

import pytest

from safe_reasoning.runtime.code_digest import CACHE, Digests
from tests.support.paths import ROOT

FILES = {
    "scripts/a.py": """
        from safe_reasoning.core import numbers
        from safe_reasoning.core.cli import command

        def main():
            from safe_reasoning.stats.late import rate
            return rate(numbers.ONE)
        """,
    "scripts/b.py": "import safe_reasoning.core.alone\n",
    "src/safe_reasoning/__init__.py": "",
    "src/safe_reasoning/core/__init__.py": '"""Rows."""\n',
    "src/safe_reasoning/core/numbers.py": "ONE = 1\n",
    "src/safe_reasoning/core/cli.py": "command = print\n",
    "src/safe_reasoning/core/alone.py": """
        from typing import TYPE_CHECKING
        if TYPE_CHECKING:
            from safe_reasoning.core import numbers
        """,
    "src/safe_reasoning/stats/__init__.py": "",
    "src/safe_reasoning/stats/late.py": """
        class Rate:
            '''A rate.'''
            value = 1  # of all

            def half(self):
                "Half of it."
                return self.value / 2

        rate = Rate
        """,
    "src/safe_reasoning/judging/__init__.py": "",
    "src/safe_reasoning/judging/asks.py": "INSTRUCTION = 'rubric'\n",
    "src/safe_reasoning/judging/prompts/rubric.txt": "Is it harmful?",
}


def dedented(text: str) -> str:
    return "\n".join(line[8:] for line in text.splitlines()) + "\n" if text.startswith("\n") else text


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        path = tmp_path / "project" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedented(text))
    return tmp_path / "project"


def changed(project: Path, name: str, old: str, new: str) -> set[str]:
    """The starts whose digest an edit changes."""
    starts = ("scripts.a", "scripts.b", "judging.asks")
    before, path = Digests(project), project / name
    assert path.read_text().count(old) == 1
    path.write_text(path.read_text().replace(old, new))
    after = Digests(project)
    return {start for start in starts if before.digest(start) != after.digest(start)}


@pytest.mark.parametrize(
    ("name", "old", "new", "expected"),
    [
        ("scripts/b.py", "alone", "numbers", {"scripts.b"}),
        ("src/safe_reasoning/core/numbers.py", "1", "2", {"scripts.a"}),
        ("src/safe_reasoning/core/numbers.py", "1", "True", {"scripts.a"}),
        ("src/safe_reasoning/stats/late.py", "/ 2", "* 0.5", {"scripts.a"}),
        ("src/safe_reasoning/stats/late.py", "self.value / 2", "None", {"scripts.a"}),
        ("src/safe_reasoning/core/__init__.py", 'Rows."""', 'Rows."""\nX = 1', {"scripts.a", "scripts.b"}),
        ("src/safe_reasoning/judging/prompts/rubric.txt", "harmful", "safe", {"judging.asks"}),
        # Nothing that computes
        ("src/safe_reasoning/stats/late.py", "# of all", "# of none", set()),
        ("src/safe_reasoning/stats/late.py", "A rate.", "A share.", set()),
        ("src/safe_reasoning/stats/late.py", "Half of it.", "A half.", set()),
        ("src/safe_reasoning/stats/late.py", "self.value / 2", "(\n            self.value / 2)", set()),
        ("src/safe_reasoning/core/cli.py", "print", "repr", set()),
    ],
)
def test_what_an_edit_changes(name: str, old: str, new: str, expected: set[str], project: Path):
    assert changed(project, name, old, new) == expected


def test_neither_folder_nor_cache_nor_time_counts(project: Path, tmp_path: Path):
    first = Digests(project).digest("scripts.a")
    elsewhere = shutil.copytree(project, tmp_path / "elsewhere")
    (elsewhere / CACHE).unlink()
    os.utime(elsewhere / "scripts/a.py", (1, 1))
    assert Digests(elsewhere).digest("scripts.a") == Digests(project).digest("scripts.a") == first
    (project / CACHE).write_text("{damaged")
    assert Digests(project).digest("scripts.a") == first
    (project / CACHE).unlink()
    (project / CACHE).mkdir()  # cannot be written
    assert Digests(project).digest("scripts.a") == first


def test_a_file_that_is_being_edited_counts_as_its_text(project: Path):
    path = project / "src/safe_reasoning/core/numbers.py"
    assert changed(project, str(path.relative_to(project)), "ONE", "ONE = (") == {"scripts.a"}
    with pytest.raises(KeyError, match=r"no module is named safe_reasoning\.judging\.other"):
        Digests(project).digest("judging.other")


def test_samplers_and_trainers_know_no_judge_by_name():
    """So an edited judge samples nothing again; and a splitter of sentences is read where they count."""
    digests = Digests(ROOT)
    of = {name: digests.reached(f"scripts.{name}") for name in ("sample_rollouts", "generate_evaluation")}
    of_sampling = {"safe_reasoning.judging.paraphrase", "safe_reasoning.judging.chat_annotator"}
    assert not [name for found in of.values() for name in found - of_sampling if ".judging." in name]
    assert "safe_reasoning.sampling.vllm_engine" in of["sample_rollouts"]  # imported in a function
    assert "safe_reasoning.core.sentences" in digests.reached("scripts.estimate_csr")
    assert "safe_reasoning.report.figures.style" in digests.reached("safe_reasoning.report.figures.fig_main")
    assert "safe_reasoning.report.figures.style" not in digests.reached("scripts.write_table")
