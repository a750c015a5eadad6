"""The dry run of config/paper.yaml names every cell of the paper's tables, and does not start before it can be repeated."""

import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from safe_reasoning.config import Config, HubModel, load
from tests.support.paths import ROOT
from tools.project_copy import SNAKEMAKE, copy_project

PAPER = ROOT / "config/paper.yaml"
# The paper's names: ours.
METHODS = {
    "base": "base",
    "safechain": "safechain",
    "realsafe": "realsafe",
    "star1": "star1",
    "safekey": "safekey",
    "grpo": "grpo_zy",
    "ipo": "ipo",
}
SETS = {"strongreject": ["strongreject_none", "strongreject_pair", "strongreject_pap"]}


@pytest.fixture(scope="module")
def config() -> Config:
    return load(PAPER)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_project(tmp_path_factory.mktemp("paper"))


@pytest.fixture(scope="module")
def planned(project: Path) -> str:
    """Everything that the dry run says."""
    result = subprocess.run(
        [*SNAKEMAKE, "--configfile", "config/paper.yaml", "-n", "--workflow-profile", "none"],
        cwd=project,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout + result.stderr


def test_the_dry_run_names_every_cell_of_table_2(config: Config, planned: str):
    names = {model.paper_name: name for name, model in config.models.items() if isinstance(model, HubModel)}
    published = pd.read_csv(ROOT / "results/published/table2.csv")
    cells = published[~published["benchmark"].str.endswith("_average")]
    assert len(cells) > 60
    for cell in cells.itertuples():
        model, method = names[cell.model], METHODS[cell.method]
        assert f"results/paper/generations/{model}/{method}/seed0/evaluation.parquet" in planned, cell
        assert f"results/paper/verdicts/{model}/{method}/seed0/evaluation.gpt_4o_rubric.parquet" in planned, (
            cell
        )
        for prompt_set in SETS.get(cell.benchmark, [cell.benchmark]):
            assert f"results/paper/prompts/{prompt_set}.parquet" in planned, cell
            role = config.prompt_sets[prompt_set].role
            assert (
                role
                == {"harmful_pct": "safety", "compliance_pct": "overrefusal", "pass_at_1_pct": "capability"}[
                    cell.unit
                ]
            )


def test_the_dry_run_names_what_the_other_tables_and_figures_need(planned: str):
    model = "results/paper/{}/ds_llama_8b"
    for file in (
        f"{model.format('models')}/grpo_y/seed0/training.json",  # Table 1
        f"{model.format('pairs')}/intervened_gpt_4o.parquet",  # Table 3, detectors
        f"{model.format('pairs')}/intervened_deepseek_r1.parquet",
        f"{model.format('pairs')}/intervened_ds_llama_8b.parquet",
        f"{model.format('models')}/sft/seed0/training.json",  # Table 3, algorithms
        f"{model.format('models')}/dpo_full/seed0/training.json",
        f"{model.format('characterize')}/csr.parquet",
        f"{model.format('characterize')}/interventions.parquet",
        f"{model.format('metrics')}/kl.csv",
        "results/paper/attacks/strongreject_pair.parquet",
        "results/paper/metrics/contamination.csv",
        "results/paper/report.html",
    ):
        assert file in planned, file
    for model in ("ds_llama_8b", "ds_qwen_7b", "qwen3_8b"):  # Fig. 3, 4, and stage 2
        assert f"results/paper/generations/{model}/base/rollouts.parquet" in planned
        assert f"results/paper/models/{model}/ipo_stage2/seed0/training.json" in planned
    assert "qwen3_8b/star1" not in planned  # no weights were released for it


def test_without_internet_a_guard_judges_and_no_endpoint_is_asked(project: Path):
    files = ["config/paper_local_judge.yaml", "config/overlays/four_gpus.yaml"]
    result = subprocess.run(
        [*SNAKEMAKE, "--configfile", *files, "-n", "--workflow-profile", "none"],
        cwd=project,
        capture_output=True,
        text=True,
        timeout=60,
    )
    said = result.stdout + result.stderr
    assert result.returncode == 0, said
    run = "results/paper_local_judge"
    for file in (
        "judge_models/qwen3guard_8b",
        "verdicts/ds_llama_8b/ipo/seed0/evaluation.qwen3guard_strict.parquet",
        "verdicts/ds_llama_8b/ipo/seed0/evaluation.qwen3guard_loose.parquet",
        "pairs/qwen3_8b/intervened_qwen3_8b.parquet",
        "attacks/strongreject_pair.parquet",
        "report.html",
    ):
        assert f"{run}/{file}" in said, file
    assert "gpt_4o" not in said and "deepseek_r1/" not in said
    config = load(project / run / "config.yaml")
    assert {method.processes for method in config.methods.values() if method.deepspeed} == {4}


def test_a_floating_revision_stops_the_run_before_its_first_job(project: Path):
    result = subprocess.run(
        [*SNAKEMAKE, "--configfile", "config/paper.yaml"],
        cwd=project,
        capture_output=True,
        text=True,
        timeout=60,
    )
    said = result.stdout + result.stderr
    assert (
        result.returncode != 0
        and len(re.findall("not started: the revision of .*qwen3_8b.* is floating", said)) == 1
    )
    assert "make lock-revisions" in said and not (project / "results/paper/prompts").exists()


def test_make_plan_prints_it(tmp_path: Path):
    result = subprocess.run(
        [sys.executable, "scripts/plan.py", "--config", "config/paper.yaml"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert result.returncode == 0, result.stderr
    for message in (
        "continuation safety ratio",
        "gpt_4o",
        "GPU-hours",
        "USD",
        "The paper on its own costs: DS-8B, ipo, pairs: 1438",
    ):
        assert message in result.stdout
