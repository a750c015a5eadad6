"""docs/artifact.md holds nothing but what its sources hold: its tables are theirs, its other text has no numbers of its own, its targets exist."""

import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from safe_reasoning.config import load
from safe_reasoning.evaluation.steps import STEPS
from safe_reasoning.plan.estimate import plan
from safe_reasoning.plan.step import totals
from safe_reasoning.report import contents
from tests.support.made_curves import write_curves
from tests.support.paths import ROOT
from tools import artifact_costs, artifact_measured, artifact_page, artifact_values
from tools.project_copy import SNAKEMAKE, copy_project

TEXT = artifact_page.PAGE.read_text()
# Numbers that are names or conventions, not results.
NAMES = ("95 %", "Apache-2.0")


def test_the_tables_are_those_of_their_sources():
    page, now = TEXT.splitlines(), artifact_page.page(TEXT).splitlines()
    parted = [f"page:    {old}\nsources: {new}" for old, new in zip(page, now, strict=False) if old != new]
    assert page == now, "run .venv/bin/python -m tools.artifact_page\n" + "\n".join(parted[:5])


def test_every_block_is_filled():
    assert set(re.findall(r"<!-- (\w+): ", TEXT)) == {*artifact_page.TABLES, *artifact_page.SENTENCES}
    assert TEXT.count("<!-- end -->") == len(artifact_page.TABLES) + len(artifact_page.SENTENCES)


def test_rules_by_which_runs_agree_are_explained_and_fit_their_values():
    """Intervals can overlap only where there are intervals, and counts are numbers."""
    rules = set()
    for _, what, _, here, again, _, paper in artifact_values.expected():
        rules |= {again, paper}
        if again == artifact_values.OVERLAP:
            assert re.search(r"\[-?[\d.]+, -?[\d.]+\]", here), what
        elif again == artifact_values.COUNT:
            assert float(here) > 0, what
    named = set(re.findall(r"^- \*([\w ]+)\*: ", TEXT, re.MULTILINE))
    assert named == rules


def test_the_rest_of_the_page_has_no_numbers():
    rest = re.sub(
        r"<!-- \w+: .*?<!-- end -->|^```.*?^```$|`[^`]*`|\]\([^)]*\)",
        "",
        TEXT,
        flags=re.DOTALL | re.MULTILINE,
    )
    for name in NAMES:
        rest = rest.replace(name, "")
    assert not re.findall(r".*\d.*", rest), "a number outside the tables has no source that a test reads"


def test_no_step_of_the_plan_is_left_out():
    """The steps of the cost table are all of the plan's and all of the timed rules."""
    whole, parts = (
        totals(plan(artifact_costs.paper())),
        [artifact_costs.planned(stage)[0] for stage in artifact_costs.STAGES],
    )
    assert whole.generations == sum(step.generations for step in parts)
    assert whole.gpu_hours == pytest.approx(sum(step.gpu_hours for step in parts))
    assert set(artifact_costs.rule_seconds()) <= {
        rule for stage in artifact_costs.STAGES for rule in stage.rules
    }
    named = {step for stage in artifact_costs.STAGES for step in stage.steps}
    assert set(pd.read_csv(artifact_costs.DEMO / "steps.csv")["step"]) <= named
    assert named == {"base model", "training", "pairs", *STEPS.values()}


def test_the_targets_are_all_that_a_run_draws_and_snakemake_knows_them(tmp_path: Path):
    targets = [f"results/demo/{target}" for item in artifact_values.items() for target in item.targets]
    names = [*(item.name for item in contents.of_run(load(ROOT / "config/demo.yaml"))), "claims"]
    drawn = {
        f"results/demo/figures/{name}.svg" if name.startswith("fig") else f"results/demo/tables/{name}.csv"
        for name in names
    }
    assert len(targets) == len(set(targets)) and drawn == {
        target for target in targets if "/figures/" in target or "/tables/" in target
    }
    result = subprocess.run(
        [*SNAKEMAKE, "-n", *targets], cwd=copy_project(tmp_path), capture_output=True, text=True, timeout=120
    )
    assert result.returncode == 0, result.stdout + result.stderr


def test_claims_are_each_named_once():
    named = [name for item in artifact_values.items() for name in item.claims]
    assert sorted(named) == sorted(pd.read_csv(ROOT / "results/reference/demo/tables/claims.csv")["id"])


def test_a_published_value_that_changes_is_noticed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """The comparison would fail: another value in the source gives another table."""
    for name in ("table2.csv", "other.csv"):
        text = (ROOT / "results/published" / name).read_text()
        (tmp_path / "results/published").mkdir(parents=True, exist_ok=True)
        (tmp_path / "results/published" / name).write_text(text.replace(",0.853,", ",0.358,"))
    monkeypatch.setattr(artifact_values, "ROOT", tmp_path)
    artifact_values.items.cache_clear()
    changed = artifact_page.block("expected")
    artifact_values.items.cache_clear()
    assert "0.358 (A)" in changed and "0.853" not in changed


def test_harm_at_matched_compliance_is_read_where_a_run_has_curves(tmp_path: Path):
    read = artifact_measured.matched("ipo", "reasoning")
    assert read(tmp_path) == artifact_measured.MISSING
    found = re.fullmatch(
        r"36\.0 \[([\d.]+), ([\d.]+)\] after 55 % of its steps", read(write_curves(tmp_path))
    )
    assert found and float(found[1]) < 36 < float(found[2])


def test_of_several_sets_of_a_role_the_named_one_counts(tmp_path: Path):
    of_benign = artifact_measured.of("base", "response", prompt_set="overrefusal", role="overrefusal")
    cell = {"method": "base", "role": "overrefusal", "part": "response", "measure": "harmful", "sd": None}
    for names, value in ((["aside", "overrefusal"], "20.0"), (["xstest", "other"], "10.0")):
        rows = [
            {**cell, "prompt_set": name, "rate": rate, "low": 0.0, "high": 1.0}
            for name, rate in zip(names, (0.1, 0.2), strict=True)
        ]
        pd.DataFrame(rows).to_csv(tmp_path / "rates.csv", index=False)
        assert of_benign(tmp_path).startswith(value)


def test_a_target_that_the_paper_run_does_not_make_costs_it_nothing():
    targets = ("figures/fig_harm_against_help.svg", "tables/table_pairs.csv", "tables/claims.csv")
    assert artifact_costs.made(load(ROOT / "config/demo.yaml"), targets) == targets
    assert artifact_costs.made(artifact_costs.paper(), targets) == targets[1:]


def test_the_environment_and_the_model_are_as_large_as_stated():
    size = (
        sum(
            path.stat().st_size
            for path in Path(sys.prefix).resolve().rglob("*")
            if path.is_file() and not path.is_symlink()
        )
        / 2**30
    )
    stated = float(artifact_page.stated(r"Environment: ([\d.]+) GiB"))
    assert stated / 1.5 < size < 1.5 * stated  # with the tools of the tests in it
    for page in ("README.md", "docs/nano-world.md"):
        assert f"{artifact_page.nano_parameters():.1f} million parameters" in (ROOT / page).read_text()


def test_the_parameters_are_counted_as_the_model_has_them():
    from transformers import LlamaConfig, LlamaForCausalLM

    model = load(ROOT / "config/demo.yaml").models["nano"]
    built = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=model.vocabulary, hidden_size=model.hidden, intermediate_size=model.hidden * 8 // 3 // 32 * 32, num_hidden_layers=model.layers,
            num_attention_heads=model.heads, num_key_value_heads=model.heads, tie_word_embeddings=True,
        )
    )  # fmt: skip
    assert built.num_parameters() / 1e6 == pytest.approx(artifact_page.nano_parameters())
