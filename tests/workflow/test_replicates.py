"""The dry run and the plan of config/demo_replicates.yaml: every base, every training, and tables over the bases."""

import re
from pathlib import Path

import pandas as pd
import pytest

from tests.support.commands import script, snakemake
from tests.support.made_bases import BASES, joined_tables
from tests.support.paths import ROOT
from tools.project_copy import copy_project

CONFIG = "config/demo_replicates.yaml"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_project(tmp_path_factory.mktemp("replicates"))


def jobs(project: Path, config: str) -> dict[str, int]:
    """How often a dry run would run each rule."""
    said = snakemake(project, "--configfile", config, "--dry-run", "--workflow-profile", "none").stdout
    return {name: int(count) for name, count in re.findall(r"^([a-z][a-z_]+) +(\d+)$", said, re.MULTILINE)}


def test_every_base_is_trained_once_and_every_method_three_times_on_each(project: Path):
    planned = jobs(project, CONFIG)
    assert planned["train_nano_base"] == planned["build_intervened_pairs"] == 5
    assert planned["train_method"] == 5 * 3 * 4
    assert planned["summarize_over_bases"] == 1


def test_a_run_with_one_base_has_no_tables_over_bases(project: Path):
    assert "summarize_over_bases" not in jobs(project, "config/demo.yaml")


def test_the_plan_counts_five_bases():
    result = script(ROOT, "plan", "--config", CONFIG)
    assert result.returncode == 0, result.stderr
    assert (
        all(f"base{number} " in result.stdout for number in range(5))
        and "On 2 cores at best" in result.stdout
    )


def test_the_script_summarizes_joined_tables(project: Path, tmp_path: Path):
    """The made bases have the names of the configuration's first three."""
    for name, rows in joined_tables().items():
        pd.DataFrame(rows).to_csv(tmp_path / f"{name}.csv", index=False)
    tables = [str(tmp_path / f"{name}.csv") for name in ("rates", "paired_differences", "matched")]
    result = script(
        project, "summarize_over_bases", "--config", CONFIG, "--tables", *tables, "--out", str(tmp_path)
    )
    assert result.returncode == 0, result.stderr
    found = pd.read_csv(tmp_path / "over_bases.csv")
    assert set(found["read_at"]) == {"matched", "end"} and set(found["models"]) == {" ".join(BASES)}
    assert len(pd.read_csv(tmp_path / "over_bases_differences.csv")) > 10


def test_the_script_refuses_a_run_without_replicates(project: Path, tmp_path: Path):
    (tmp_path / "rates.csv").write_text("model\nnano\n")
    result = script(
        project, "summarize_over_bases", "--config", "config/demo.yaml",
        "--tables", str(tmp_path / "rates.csv"), "--out", str(tmp_path),
    )  # fmt: skip
    (error,) = [line for line in result.stderr.splitlines() if line.startswith("error: ")]
    assert result.returncode == 1 and "has no replicates" in error
    assert not (tmp_path / "over_bases.csv").exists()
