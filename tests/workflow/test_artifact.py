"""docs/artifact.md holds nothing but what its sources hold: its tables are theirs, its other text has no numbers of its own, its targets exist."""

import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from safe_reasoning.config import load
from safe_reasoning.plan.estimate import plan
from safe_reasoning.plan.step import totals
from safe_reasoning.report import contents
from tests.support.paths import ROOT
from tools import artifact_costs, artifact_page, artifact_values
from tools.project_copy import SNAKEMAKE, copy_project

TEXT = artifact_page.PAGE.read_text()
# Numbers that are names or conventions, not results.
NAMES = ("95 %", "Apache-2.0")


def test_the_tables_are_those_of_their_sources(stored_runs: None):
    page, now = TEXT.splitlines(), artifact_page.page(TEXT).splitlines()
    parted = [f"page:    {old}\nsources: {new}" for old, new in zip(page, now, strict=False) if old != new]
    assert page == now, "run .venv/bin/python -m tools.artifact_page\n" + "\n".join(parted[:5])


def test_every_block_is_filled():
    assert set(re.findall(r"<!-- (\w+): ", TEXT)) == {*artifact_page.TABLES, *artifact_page.SENTENCES}
    assert TEXT.count("<!-- end -->") == len(artifact_page.TABLES) + len(artifact_page.SENTENCES)


def numbers(cell: str) -> list[float]:
    """Value and bounds of a cell, without the spread between seeds."""
    return [float(number) for number in re.findall(r"-?[\d.]+\d", re.sub(r" ± [\d.]+", "", cell))]


def test_two_runs_of_the_demo_agree_as_the_page_says():
    """The run on another processor keeps the page's own rules."""
    rules = set()
    for _, what, _, here, there, rule, _, _ in artifact_values.expected():
        rules.add(rule)
        if rule == artifact_values.OVERLAP:
            (_, low, high, *_), (_, low_there, high_there, *_) = numbers(here), numbers(there)
            assert low <= high_there and low_there <= high, what
        elif rule == artifact_values.COUNT:
            assert abs(float(here) - float(there)) < 0.1 * float(here), what
    # Claims about methods that kept compliance on one processor and lost it on the other
    assert set(artifact_values.turned()) <= {"full_beats_sft", "suffix_beats_sft"}
    assert rules == {
        artifact_values.OVERLAP,
        artifact_values.COUNT,
        artifact_values.CLAIM,
        artifact_values.NONE,
    }


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
    assert set(pd.read_csv(artifact_costs.DEMO / "steps.csv")["step"]) == {
        stage.step for stage in artifact_costs.STAGES
    } - {""}


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
    assert sorted(named) == sorted(pd.read_csv(ROOT / "results/demo/tables/claims.csv")["id"])


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


def test_the_environment_and_the_model_are_as_large_as_told():
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
