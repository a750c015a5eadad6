"""Runs leave the stored evidence alone: git ignores what they write, and a start changes no tracked file."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.paths import ROOT
from tools.project_copy import SNAKEMAKE, copy_project

OF_A_RUN = (
    "config.yaml",
    "manifest.json",
    "report.html",
    "README.md",
    "metrics/rates.csv",
    "tables/claims.md",
    "figures/fig_main.svg",
    "models/nano/base/training.json",
)
KEPT = (
    "reference/demo/config.yaml",
    "reference/new/manifest.json",
    "reference/new/README.md",
    "reference/new/metrics/rates.csv",
    "reference/new/metrics/rates.csv.meta.json",
    "reference/new/tables/claims.md",
    "reference/new/figures/fig_main.svg",
    "published/table2.csv",
    "gpu/rates.json",
)
NOT_KEPT = (
    *(f"{run}/{file}" for run in ("demo", "mini", "tiny", "my_own") for file in OF_A_RUN),
    *(
        "demo.zip",
        "reference-demo.zip",
        "demo-redrawn/metrics/rates.csv",
        "gpu/log.txt",
        "gpu_demo/config.yaml",
    ),
    *("reference/demo/models/nano/base/model.safetensors", "reference/demo/report.html"),
    *("reference/demo/generations/nano/base/rollouts.parquet", "reference/demo/metrics/nano/rates.csv"),
)


def git(folder: Path, *arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
    author = ("-c", "user.name=test", "-c", "user.email=test@example.org")
    return subprocess.run(
        ["git", *author, *arguments], cwd=folder, input=text, capture_output=True, text=True
    )


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A committed copy of the project with the stored demo."""
    folder = copy_project(tmp_path)
    shutil.copy(ROOT / ".gitignore", folder)
    shutil.copy(ROOT / "Makefile", folder)
    shutil.copytree(ROOT / "results/reference/demo", folder / "results/reference/demo")
    for step in (("init", "-q"), ("add", "."), ("commit", "-q", "-m", "all")):
        result = git(folder, *step)
        assert result.returncode == 0, result.stderr
    return folder


def test_git_ignores_what_runs_write_and_keeps_evidence(tmp_path: Path):
    assert git(tmp_path, "init", "-q").returncode == 0
    shutil.copy(ROOT / ".gitignore", tmp_path)
    names = [f"results/{name}" for name in (*KEPT, *NOT_KEPT)]
    ignored = git(tmp_path, "check-ignore", "--no-index", "--stdin", text="\n".join(names)).stdout.split()
    assert ignored == [f"results/{name}" for name in NOT_KEPT]


def test_only_small_evidence_is_tracked():
    listed = git(ROOT, "ls-files", "results")
    if listed.returncode:
        pytest.skip("not a git repository")
    tracked = [Path(name).relative_to("results") for name in listed.stdout.splitlines()]
    assert {path.parts[0] for path in tracked} <= {"published", "reference", "gpu"}
    kinds = {path.parts[2] for path in tracked if path.parts[0] == "reference"}
    assert kinds == {"README.md", "config.yaml", "manifest.json", "metrics", "tables", "figures"}


def test_a_start_changes_no_tracked_file(clone: Path):
    """A dry run, a start that is refused, and what a first rule writes."""
    small = ("--configfile", "tests/tiny.yaml", "--config", "run=demo")
    for expected, arguments in (
        (0, ("-n", *small)),
        (1, ("--configfile", "config/paper.yaml", "--config", "run=mini")),  # a floating revision
        (0, ("results/demo/prompts/direct.parquet", *small)),
    ):
        result = subprocess.run(
            [*SNAKEMAKE, *arguments], cwd=clone, capture_output=True, text=True, timeout=120
        )
        assert bool(result.returncode) == bool(expected), (result.stdout + result.stderr)[-3000:]
    assert (clone / "results/mini/config.yaml").exists()
    assert (clone / "results/demo/prompts/direct.parquet").exists()
    assert git(clone, "status", "--porcelain").stdout == ""


@pytest.mark.parametrize("name", ["reference", "published", "gpu"])
def test_no_run_has_the_name_of_a_folder_that_is_kept(name: str):
    from safe_reasoning.config import load
    from safe_reasoning.core.errors import UserError
    from safe_reasoning.plan.checked_config import checked

    config = load(ROOT / "config/demo.yaml").model_copy(update={"run": name})
    with pytest.raises(UserError, match="choose another name"):
        checked(config)


def printed(clone: Path, *arguments: str) -> str:
    """What a make target would run; the environment counts as set up."""
    # Below another make, as in `make test`, it would print the folders that it enters and leaves.
    command = ["make", "--no-print-directory", "-n", *arguments]
    result = subprocess.run(command, cwd=clone, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return result.stdout.splitlines()[-1]


def test_figures_and_archive_take_a_run_or_what_is_stored(clone: Path):
    assert printed(clone, "figures").endswith("--run results/reference/demo")
    assert printed(clone, "figures", "RUN=mini").endswith("--run results/mini")
    assert printed(clone, "archive").endswith("--out results/reference-demo.zip")
    assert printed(clone, "compare-runs").endswith("--run results/demo --reference results/reference/demo")
    assert printed(clone, "compare-runs", "A=reference/x", "B=mini", "ALL=yes").endswith(
        "--run results/reference/x --reference results/mini --all"
    )
    shutil.copytree(clone / "results/reference/demo", clone / "results/demo")
    assert printed(clone, "figures").endswith("--run results/demo")
    assert printed(clone, "archive").endswith("--run results/demo --out results/demo.zip")


@pytest.mark.parametrize("script", ["redraw --run", "write_archive --out x.zip --run"])
def test_a_run_that_is_not_there_is_one_line_with_the_repair(script: str, clone: Path):
    name, *options = script.split()
    result = subprocess.run(
        [sys.executable, f"scripts/{name}.py", *options, "results/demo"],
        cwd=clone,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": "src"},
    )
    assert result.returncode == 1
    assert result.stderr.splitlines() == [
        "error: results/demo holds no metrics: run `make demo`, or use RUN=reference/demo for the stored ones"
    ]


def test_the_stored_demo_compares_with_itself():
    stored = "results/reference/demo"
    result = subprocess.run(
        [sys.executable, "scripts/compare_runs.py", "--run", stored, "--reference", stored, "--summary"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": "src"},
    )
    assert result.returncode == 0, result.stderr
    tables = len(list((ROOT / stored / "metrics").glob("*.csv")))
    assert result.stdout.startswith(f"compared with {stored}: {tables} metric tables: {tables} identical, 0 ")
