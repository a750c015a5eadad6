"""A second run of the tiny configuration: nothing to do, or what a change asks for and no more."""

import time
from pathlib import Path

import pandas as pd
import pytest
import yaml

from tests.support.commands import jobs, snakemake
from tools.fault_runs import Project

pytestmark = pytest.mark.xdist_group("tiny_run")


def test_second_run_has_nothing_to_do(finished: Path):
    begin = time.monotonic()
    result = snakemake(finished, "--configfile", "tests/tiny.yaml")
    assert "Nothing to be done" in result.stdout + result.stderr
    assert time.monotonic() - begin < 60  # a hang, not a speed


def test_changed_figure_code_redraws_that_figure_only(finished: Path):
    module = finished / "src/safe_reasoning/report/figures/fig4_rollout_diversity.py"
    module.write_text(module.read_text() + "\nA_CHANGE = 1\n")
    planned = jobs(snakemake(finished, "--configfile", "tests/tiny.yaml", "--dry-run"))
    assert "draw_figure" in planned and planned <= {"draw_figure", "write_report", "write_manifest", "all"}
    figures = sorted((finished / "results/tiny/figures").glob("*.svg"))
    before = {path.name: path.stat().st_mtime_ns for path in figures}
    snakemake(finished, "--configfile", "tests/tiny.yaml")
    assert [path.name for path in figures if path.stat().st_mtime_ns != before[path.name]] == [
        "fig4_rollout_diversity.svg"
    ]


def test_changed_setting_reaches_the_rules_that_use_it(finished: Path):
    """And a dry run leaves the configuration that jobs read, and that the manifest names, as it was."""
    before = (finished / "results/tiny/config.yaml").read_bytes()
    changed = yaml.safe_load((finished / "tests/tiny.yaml").read_text())
    changed["evaluate"]["kl_tokens"] = 21
    (finished / "changed.yaml").write_text(yaml.safe_dump(changed))
    planned = jobs(snakemake(finished, "--configfile", "changed.yaml", "--dry-run"))
    assert "measure_kl" in planned and not planned & {
        "train_method",
        "generate_evaluation",
        "train_nano_base",
    }
    assert "write_manifest" in planned
    assert (finished / "results/tiny/config.yaml").read_bytes() == before


def test_another_judge_reaches_all_that_asks_it(finished: Path):
    """GRPO is rewarded by it, and the characterization counts by it; only what is sampled before anybody judges stays."""
    changed = yaml.safe_load((finished / "tests/tiny.yaml").read_text())
    changed["evaluate"] |= {"judge": "lexical", "more_judges": [], "resets": False}
    (finished / "judged.yaml").write_text(yaml.safe_dump(changed))
    result = snakemake(finished, "--configfile", "judged.yaml", "--dry-run")
    assert {
        "train_method",
        "estimate_csr",
        "rank_triggers",
        "correct_interventions",
        "build_overrefusal_pairs",
    } <= jobs(result)
    assert "Training nano grpo_zy, seed 0\n" in result.stdout + result.stderr
    assert not jobs(result) & {"sample_rollouts", "train_nano_base"}


def test_pairs_of_methods_that_are_named_later_cost_a_summary(finished: Path, tmp_path: Path):
    settings = yaml.safe_load((finished / "tests/tiny.yaml").read_text())
    project = Project(finished, settings, cores=2).copied_to(tmp_path / "copy")
    settings["evaluate"]["contrasts"] = [["thinksafe_kl", "kept_one"], ["ipo_reminded", "base"]]
    (project.folder / "pairs.yaml").write_text(yaml.safe_dump(settings))
    asked = ("results/tiny/tables/table_contrasts.md", "--configfile", "pairs.yaml")
    planned = jobs(snakemake(project.folder, *asked, "--dry-run"))
    assert {"summarize_curves", "write_table"} <= planned
    assert planned <= {"summarize_curves", "join_metrics", "write_table"}
    snakemake(project.folder, *asked)
    stored = pd.read_csv(project.run / "metrics/contrasts.csv")
    pairs = list(stored[["method", "reference"]].drop_duplicates().itertuples(index=False, name=None))
    assert pairs == [("thinksafe_kl", "kept_one"), ("ipo_reminded", "base")]
    matched = pd.read_csv(project.run / "metrics/matched_differences.csv")
    columns, ours = ["part", "difference", "low", "high"], stored[stored["reference"] == "base"]
    theirs = matched[(matched["method"] == "ipo_reminded") & (matched["reference"] == "base")]
    assert ours[columns].to_numpy().tolist() == theirs[columns].to_numpy().tolist()
