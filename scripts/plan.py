"""Say what a run costs before it starts, from its configuration alone: generations, tokens, judge calls and their price, GPU-hours, disk, memory.

python scripts/plan.py --config config/paper.yaml
python scripts/plan.py --config config/demo.yaml --measured results/demo    # with the rates and lengths of a finished run
"""

import argparse
import shutil
import sys
from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.table import Table

from safe_reasoning.config import Config, HubModel, load
from safe_reasoning.core.cli import command, tell
from safe_reasoning.plan.endpoints import expected
from safe_reasoning.plan.estimate import Step, parameters_of, plan, price, totals, with_measured_rates
from safe_reasoning.plan.memory import problems


def cells(config: Config, step: Step) -> list[str]:
    """A line of the table."""
    bound = "at most " if step.bound else ""
    usd = price(config, step)
    return [
        step.model,
        step.stage,
        f"{step.jobs}" if step.jobs else "",
        f"{bound}{step.generations:,}" if step.generations else "",
        f"{step.tokens / 1e6:,.1f}" if step.tokens else "",
        f"{step.gpu_hours:,.1f}" if step.gpu_hours else "",
        f"{bound}{step.calls:,}" if step.calls and step.chat else "",
        step.chat if step.calls else "",
        f"{usd:,.0f}" if usd else "",
        f"{step.disk_gib:,.0f}" if step.disk_gib else "",
    ]


def published(config: Config) -> list[str]:
    """What the paper itself says of its costs, for the models of the run."""
    frame = pd.read_csv("results/published/other.csv")
    names = [model.paper_name for model in config.models.values() if isinstance(model, HubModel)]
    rows = frame[frame["item"].isin(["pairs", "efficiency"]) & frame["model"].isin(names)]
    return [f"{row.model}, {row.method}, {row.series}: {row.value:g} {row.unit} ({row.mark})" for row in rows.itertuples()]


@command
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", required=True)
    parser.add_argument(
        "--measured", type=Path, help="folder of a finished run whose rates and lengths are used in the place of the configuration's"
    )
    arguments = parser.parse_args()
    config = load(arguments.config)
    if arguments.measured:
        config = with_measured_rates(config, arguments.measured / "metrics")
    steps = plan(config)
    table = Table(
        "model",
        "step",
        "jobs",
        "generations",
        "tokens, million",
        "GPU-hours",
        "calls",
        "asked",
        "USD",
        "disk, GiB",
        title=f"plan of {config.run}",
    )
    for column in table.columns[2:]:
        column.justify = "right"
    for step in steps:
        table.add_row(*cells(config, step))
    total = totals(steps)
    table.add_section()
    table.add_row(*cells(config, total)[:7], "", f"{sum(price(config, step) for step in steps):,.0f}", f"{total.disk_gib:,.0f}")
    console = Console(width=160)
    console.print(table)
    rates = config.plan
    origin = f"measured in {arguments.measured}" if arguments.measured else "the configuration's estimates"
    console.print(
        f"Rates ({origin}): {rates.generation_tokens_per_gpu_second:,.0f} generated and {rates.training_tokens_per_gpu_second:,.0f} trained tokens a second and GPU. "
        f"On {rates.gpus} GPUs at best {total.gpu_hours / rates.gpus:,.0f} hours."
    )
    for line in expected(config, steps):
        console.print(line)
    if lines := published(config):
        console.print("The paper on its own costs: " + "; ".join(lines) + ".")
    free = shutil.disk_usage(".").free / 2**30
    parameters = {model: parameters_of(config, model) for model in config.models}
    faults = problems(config, parameters, total.disk_gib, config.plan.disk_gib or free)
    for fault in faults:
        tell(f"does not fit: {fault}")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
