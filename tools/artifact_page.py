"""The tables of docs/artifact.md, every number from its source: stored metrics, published values,
the plan, and what was measured by hand in docs/results.md and docs/status.md.

.venv/bin/python -m tools.artifact_page    # write them into the page

tests/workflow/test_artifact.py fails when page and sources part.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import pandas as pd

from safe_reasoning.config import NanoModel, load
from safe_reasoning.core.cli import argument_parser
from safe_reasoning.judging.kinds import chat_of
from safe_reasoning.plan.rounding import about
from safe_reasoning.plan.step import totals
from safe_reasoning.plan.training_steps import parameters_of
from tools.artifact_costs import DEMO, ROOT, costs, paper, priced_steps
from tools.artifact_values import MINI, expected, experiments, scorecard

PAGE = ROOT / "docs/artifact.md"
# How docs/status.md says what was measured by hand
TIME = r"((?:\d+ h )?\d+ min(?: \d+ s)?)"
SIZE = r"([\d.]+ [MG]iB)"
DEMO_TIME = f"Fresh clone, environment and all: {TIME}"
MINI_TIME = f"the mini run: .*? [|] yes [|] {TIME}"


def stated(pattern: str, file: str = "docs/status.md") -> str:
    """What was measured by hand, from the one place where it is written down."""
    match = re.search(pattern, " ".join((ROOT / file).read_text().split()))
    assert match, f"{file} does not say {pattern!r}"
    return match[1]


def nano_parameters() -> float:
    """Parameters of the demo's model, millions: tied embeddings, attention, feed-forward, norms."""
    model = load(ROOT / "config/demo.yaml").models["nano"]
    assert isinstance(model, NanoModel)
    inner = model.hidden * 8 // 3 // 32 * 32
    layer = 4 * model.hidden**2 + 3 * model.hidden * inner + 2 * model.hidden
    return (model.vocabulary * model.hidden + model.layers * layer + model.hidden) / 1e6


def requirements() -> list[list[str]]:
    config, machine, asked = paper(), paper().plan, paper().resources
    total, usd = totals([step for step, _ in priced_steps()]), sum(usd for _, usd in priced_steps())
    sizes = ", ".join(f"{parameters_of(config, model):.2f}" for model in config.models)
    judge = config.endpoints[str(chat_of(config.evaluate.judge, config))].model
    done = [f"{pd.read_csv(metrics / 'steps.csv')['generations'].sum():,}" for metrics in (DEMO, MINI)]
    memory = {run: stated(f"Memory of the {run}: at most {SIZE}") for run in ("demo", "mini")}
    environment = stated(f"Environment: {SIZE}") + " of environment, "
    results = {
        "demo": stated(f"results folder of the demo {SIZE}"),
        "mini": stated(f"of the mini run {SIZE}"),
    }
    times = {
        "demo": stated(DEMO_TIME),
        "workflow": stated(f"of which the workflow {TIME}"),
        "mini": stated(MINI_TIME),
    }
    return [
        ["start", "`make demo`", "`SAFE_REASONING_DATA=<folder> make mini`", "`.venv/bin/snakemake --profile workflow/profiles/workstation --configfile config/paper.yaml --sdm apptainer`"],
        ["has been run", "yes", "yes", "**not yet**: dry run, plan, rehearsal ([paper-scale.md](paper-scale.md))"],
        ["models", f"one, {nano_parameters():.1f} million parameters, trained by the run", "SmolLM2-135M-Instruct", f"{len(config.models)}, of {sizes} billion parameters, and released baselines"],
        ["processor", "two cores", "two cores", f"{config.engine.threads} cores per GPU, by the configuration"],
        ["GPU", "none", "none", f"{machine.gpus} of {machine.gpu_memory_gib:g} GB"],
        ["memory", f"{memory['demo']} at its peak", f"{memory['mini']} at its peak", f"{asked.training.memory_gib:g} GiB for training, {asked.generation.memory_gib:g} GiB for sampling, estimated"],
        ["disk", f"{environment}{results['demo']} of results", f"{environment}{results['mini']} of results", f"{about(total.disk_gib)} GiB of weights; {machine.disk_gib:,.0f} GiB allowed for"],
        ["time", f"{times['demo']} with the environment, {times['workflow']} without", times["mini"], f"at best {about(total.gpu_hours / machine.gpus)} h ({about(total.gpu_hours)} GPU-hours), by the plan"],
        ["network", "for the environment: PyPI, PyTorch's index", "the same; PyPI for the weights; the hub where no folder has the data", "hub and GitHub (`make prefetch`); the endpoints throughout"],
        ["software", "Linux, Python 3.11 with venv, make, git, gcc, libnuma; the rest from `envs/cpu.lock`", "the same", "CUDA, `bubblewrap`; on a cluster SLURM ([cluster.md](cluster.md))"],
        ["accounts, keys", "none", "none", "`HF_TOKEN`, `OPENAI_API_KEY`, `DEEPSEEK_API_KEY`; terms of gated sets accepted"],
        ["generations", done[0], done[1], f"at most {about(total.generations)}"],
        ["judge", "exact, by construction", "lexical", f"{judge}, seven-point rubric"],
        ["price of endpoints", "none", "none", f"{about(usd)} USD"],
    ]  # fmt: skip


# The page.

TABLES: dict[str, tuple[list[str], Callable[[], list[list[str]]]]] = {
    "requirements": (["", "demo", "mini (an earlier `config/mini.yaml`)", "paper"], requirements),
    "costs": (["step", "rules", "demo: jobs", "seconds of jobs", "of which work", "generations", "paper run: generations", "million tokens", "GPU-hours", "USD"], costs),
    "experiments": (["paper", "what", "targets", "demo: seconds of jobs", "paper run: GPU-hours", "claims of the scorecard, and their verdict in the demo"], experiments),
    "expected": (["paper", "what", "the paper has", "demo", "agree by", "mini", "paper run agrees by"], expected),
}  # fmt: skip


SENTENCES = {"scorecard": scorecard}


def block(name: str) -> str:
    """The text of a block of the page."""
    if name in SENTENCES:
        return SENTENCES[name]()
    head, rows = TABLES[name]
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows()))


def page(text: str) -> str:
    """The page with every block from its sources."""
    return re.sub(
        r"(<!-- (\w+): [^\n]*-->\n)(?:(?!<!--).)*(<!-- end -->)",
        lambda found: f"{found[1]}{block(found[2])}\n{found[3]}",
        text,
        flags=re.DOTALL,
    )


def main_program() -> None:
    argument_parser(__doc__).parse_args()
    PAGE.write_text(page(PAGE.read_text()))


if __name__ == "__main__":
    main_program()
