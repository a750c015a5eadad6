"""The numbers in README and docs are those of the committed runs and of the plan."""

import ast
import itertools
import re

import pandas as pd
import pytest
import yaml

from safe_reasoning.config import Config, load
from safe_reasoning.plan.estimate import plan
from safe_reasoning.plan.judge_calls import price
from safe_reasoning.plan.rounding import about
from safe_reasoning.plan.step import totals
from safe_reasoning.report.tables.common import rate_cells
from tests.support.pages import LABELS, one_line
from tests.support.paths import ROOT
from tools.artifact_page import DEMO_TIME, MINI_TIME, stated

HARM = [("safety_average", "reasoning", "harmful"), ("safety_average", "response", "harmful")]
COLUMNS = {
    "demo": [
        *HARM,
        ("overrefusal", "response", "complies"),
        ("overrefusal", "response", "correct"),
        ("sums", "response", "correct"),
    ],
    "mini": [*HARM, ("xstest", "response", "complies")],
}


def measured_rows(run: str) -> list[str]:
    frame = rate_cells(ROOT / f"results/reference/{run}/metrics")
    frame = frame.set_index(["method", "prompt_set", "part", "measure"], verify_integrity=True)
    there = {label: method for label, method in LABELS.items() if method in frame.index}
    rows = []
    for label, method in there.items():
        rows.append(" | ".join([label, *(frame.loc[(method, *column), "cell"] for column in COLUMNS[run])]))
    return rows


def test_the_costs_in_the_docs_are_those_of_the_plan():
    config = load(ROOT / "config/paper.yaml")
    steps = plan(config)
    total, usd = totals(steps), [price(config, step) for step in steps]
    curves = sum(
        value for step, value in zip(steps, usd, strict=True) if step.stage == "continuation safety ratio"
    )
    text = " ".join((ROOT / "docs/paper-scale.md").read_text().split())
    for message in (
        f"at most {about(total.generations)} generations",
        f"{about(total.tokens / 1e6)} million tokens",
        f"{about(total.gpu_hours)} GPU-hours",
        f"{about(sum(usd))} USD",
        f"of which {about(curves)} go into the continuation safety ratio",
    ):
        assert message in text, message


@pytest.mark.parametrize("run", list(COLUMNS))
def test_results_page_shows_the_committed_runs(run: str):
    table = (ROOT / "docs/results.md").read_text().split(f"<!-- {run}-table -->")[1].split("\n\n")[0]
    rows = re.findall(r"^\| (.*) \|$", table, re.MULTILINE)[1:]  # without the head
    assert rows == measured_rows(run)


def test_what_fidelity_says_of_the_demo_is_in_its_configuration():
    config = load(ROOT / "config/demo.yaml")
    text = (ROOT / "docs/fidelity.md").read_text()
    assert f"the demo takes {config.characterize.csr_prompts} of them" in text
    assert f"the demo has {config.decoding.max_new_tokens}," in text


def test_readme_is_short():
    assert len((ROOT / "README.md").read_text().split()) <= 600


def test_methods_of_the_demo_are_trained_alike():
    methods = load(ROOT / "config/demo.yaml").methods.values()
    alike = {(m.max_steps, m.batch_size) for m in methods if m.recipe != "grpo"}
    grpo = {(m.max_steps, m.batch_size) for m in methods if m.recipe == "grpo"}
    assert len(alike) == len(grpo) == 1
    (steps, rows), (updates, completions) = alike.pop(), grpo.pop()
    text = one_line("docs/results.md")
    assert f"each trains {steps} steps of {rows} rows" in text
    assert f"GRPO trains {updates} steps of {completions} completions" in text


def test_results_name_the_harm_at_matched_compliance():
    """What the page says in words is what the stored demo measured."""
    frame = pd.read_csv(ROOT / "results/reference/demo/metrics/matched.csv")
    harm = frame[(frame["prompt_set"] == "safety_average") & (frame["part"] == "reasoning")]
    harm = harm.set_index("method")
    said = {name: f"{100 * rate:.1f} %" for name, rate in harm["rate"].items()}
    page = one_line("docs/results.md")
    for name, words in {
        "ipo": f"it leaves {said['ipo']} harmful reasoning of the base's {said['base']}",
        "grpo_zy": f"GRPO with the reward z + y leaves {said['grpo_zy']}",
        "dpo_natural": f"DPO on natural pairs {said['dpo_natural']}",
        "sft_safe": f"SFT on safe traces {said['sft_safe']}",
        "dpo_full": f"({said['ipo'][:-2]} and {said['dpo_full']})",
        "grpo_y": f"GRPO on the response alone leaves {said['grpo_y']}",
    }.items():
        assert words in page, name
    compared = ("grpo_zy", "dpo_natural", "sft_safe", "dpo_full", "ipo", "grpo_y", "sft")
    pairs = list(itertools.combinations(harm.loc[list(compared), ["low", "high"]].itertuples(), 2))
    overlap = sum(a.low <= b.high and b.low <= a.high for a, b in pairs)
    assert (
        f"Of the {len(pairs)} pairs of the seven methods without stage 2, {overlap} have overlapping" in page
    )


def test_functions_that_architecture_names_are_there():
    named = re.findall(r"`((?:\w+/)+\w+\.py):(\w+)`", (ROOT / "docs/architecture.md").read_text())
    absent = []
    for file, name in named:
        tree = ast.parse((ROOT / "src/safe_reasoning" / file).read_text())
        defined = {node.name for node in tree.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
        if name not in defined:
            absent.append(f"{file}:{name}")
    assert len(named) > 20 and not absent, absent


def test_architecture_shows_every_package_on_one_floor():
    text = (ROOT / "docs/architecture.md").read_text()
    floors = re.findall(r"^[1-8]  ((?:\w+ +)+?) {3,}\w", text, re.MULTILINE)
    shown = [name for floor in floors for name in floor.split()]
    packages = {path.parent.name for path in (ROOT / "src/safe_reasoning").glob("*/__init__.py")}
    assert sorted(shown) == sorted(packages)
    assert set(re.findall(r"^\| `(\w+)/` \|", text, re.MULTILINE)) == packages


def test_style_examples_are_lines_of_the_code():
    examples = re.findall(r"`([\w/]+\.py)`:\n +`(.*)`$", (ROOT / "CONTRIBUTING.md").read_text(), re.MULTILINE)
    absent = [line for file, line in examples if line not in (ROOT / "src/safe_reasoning" / file).read_text()]
    assert len(examples) == 10 and not absent, absent


def test_configurations_and_their_blocks_are_all_described():
    text = (ROOT / "config/README.md").read_text()
    described = set(re.findall(r"`(\w+)`", text.split("The blocks of a configuration")[1]))
    assert set(Config.model_fields) <= described
    assert {path.name for path in (ROOT / "config").glob("*.yaml")} <= set(
        re.findall(r"`([\w-]+\.yaml)`", text)
    )
    for time in (stated(DEMO_TIME), stated(MINI_TIME)):
        assert f" {time}" in text


@pytest.mark.parametrize("file", [".pre-commit-config.yaml", ".snakemake-workflow-catalog.yml"])
def test_settings_of_other_tools_are_yaml(file: str):
    assert yaml.safe_load((ROOT / file).read_text())


def test_commit_hooks_run_installed_tools_only():
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    assert [repo["repo"] for repo in hooks] == ["local"]
    lint = (ROOT / "Makefile").read_text()
    for hook in hooks[0]["hooks"]:
        assert hook["language"] == "system" and hook["entry"].startswith(".venv/bin/")
        assert f"$(BIN)/{hook['entry'].removeprefix('.venv/bin/').split()[0]}" in lint


WRAPPED = sorted(
    str(page.relative_to(ROOT))
    for pattern in ("*.md", "[!.]*/*.md", "docs/*/*.md", "results/published/*.md", "results/reference/*/*.md")
    for page in ROOT.glob(pattern)
)


@pytest.mark.parametrize("page", WRAPPED)
def test_prose_is_wrapped(page: str):
    """Tables, pictures, addresses and commands may be longer than 100 columns."""
    prose = re.sub(r"^ *```.*?^ *```$", "", (ROOT / page).read_text(), flags=re.MULTILINE | re.DOTALL)
    lines = [
        line for line in prose.splitlines() if not re.match(r"\||\[?!\[|<!--", line) and "://" not in line
    ]
    long = [line for line in lines if len(line) > 100 and not re.fullmatch(r" *`[^`]+`\W?", line)]
    assert not long, "\n".join(long)
