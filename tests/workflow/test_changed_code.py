"""Changed code runs again what it decides, and nothing else: dry runs in a copy of the project."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.commands import jobs, snakemake
from tools.project_copy import copy_project

TINY = ("--configfile", "tests/tiny.yaml")
SAMPLED_FROM_THE_BASE = {"sample_rollouts", "train_nano_base", "make_prompts", "attack_prompts"}
DRAWN = {"draw_figure", "write_report", "write_manifest", "write_trace_reader", "all"}


@pytest.fixture(scope="module")
def pretended(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose tiny run counts as finished: its files are there, and hold nothing."""
    project = copy_project(tmp_path_factory.mktemp("pretended"))
    listed = snakemake(project, *TINY, "--summary").stdout.splitlines()[1:]
    files = [project / line.split("\t")[0] for line in listed]
    assert len(files) > 300
    for path in files:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    snakemake(project, *TINY, "--touch", "--forceall")
    assert planned(project) == set()
    return project


@pytest.fixture
def project(pretended: Path) -> Iterator[Path]:
    """The same with its code as it was."""
    before = {path: path.read_bytes() for path in pretended.joinpath("src").rglob("*.py")}
    yield pretended
    for path, content in before.items():
        if path.read_bytes() != content:
            path.write_bytes(content)


def planned(project: Path, *options: str) -> set[str]:
    return jobs(snakemake(project, *TINY, "--dry-run", *options))


def edit(project: Path, module: str, text: str = "A_CHANGE = 1") -> None:
    path = project / f"src/safe_reasoning/{module}.py"
    path.write_text(f"{path.read_text()}\n{text}\n")


def test_a_judge_is_asked_again_and_nothing_is_sampled_from_the_base(project: Path):
    edit(project, "judging/judges/exact")
    found = planned(project)
    assert {"judge_generations", "estimate_csr", "rank_triggers", "summarize_evaluation"} <= found
    assert not found & SAMPLED_FROM_THE_BASE


def test_another_judge_leaves_the_first_ones_verdicts(project: Path):
    edit(project, "judging/judges/lexical")
    shown = snakemake(project, *TINY, "--dry-run")
    said = shown.stdout + shown.stderr
    assert "Judging nano base/rollouts by exact" not in said
    assert "Judging nano base/seed0/evaluation by lexical" in said
    assert not jobs(shown) & (SAMPLED_FROM_THE_BASE | {"estimate_csr", "rank_triggers"})


def test_the_style_of_figures_draws_them_again(project: Path):
    edit(project, "report/figures/style")
    found = planned(project)
    assert "draw_figure" in found and found <= DRAWN


def test_the_splitter_of_sentences_reaches_what_splits(project: Path):
    edit(project, "core/sentences")
    found = planned(project)
    assert {"estimate_csr", "judge_generations", "measure_cue_rates"} <= found
    assert not found & SAMPLED_FROM_THE_BASE


def test_a_recipe_trains_its_methods_again_and_no_other(project: Path):
    edit(project, "training/recipes/sft_on")
    shown = snakemake(project, *TINY, "--dry-run")
    said = shown.stdout + shown.stderr
    trained = {line.split()[3].strip(",") for line in said.splitlines() if "Training nano " in line}
    assert trained and "ipo" not in trained and not {name for name in trained if "grpo" in name}


def test_comments_docstrings_and_settings_classes_run_nothing(project: Path):
    edit(project, "judging/judges/exact", "# a comment")
    edit(project, "core/cli")
    edit(project, "config/run")
    style = project / "src/safe_reasoning/report/figures/style.py"
    style.write_text(style.read_text().replace('"""What the figures share.', '"""Shared by figures.', 1))
    assert planned(project) == set()


def test_results_are_kept_where_that_is_asked_for(project: Path):
    """For one start by the triggers, for good by --touch."""
    edit(project, "report/figures/style")
    assert planned(project, "--rerun-triggers", "mtime", "input", "code") == set()
    assert planned(project) != set()
    snakemake(project, *TINY, "--touch")
    assert planned(project) == set()
    assert planned(project, "--forcerun", "score_claims") == {
        "score_claims",
        "write_manifest",
        "write_report",
        "all",
    }
