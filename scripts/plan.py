"""Say what a run costs before it starts, from its configuration alone.

Generations, tokens, judge calls and their price, GPU-hours, disk, memory.

python scripts/plan.py --config config/paper.yaml
python scripts/plan.py --config config/demo.yaml \\
    --measured results/demo    # with the rates and lengths of a finished run
"""

import argparse
import shutil
import sys
from pathlib import Path

from rich.console import Console

from safe_reasoning.config import load
from safe_reasoning.core.cli import command, print_line
from safe_reasoning.plan.checked_config import checked
from safe_reasoning.plan.endpoints import expected
from safe_reasoning.plan.estimate import plan
from safe_reasoning.plan.measured_rates import with_measured_rates
from safe_reasoning.plan.memory import problems
from safe_reasoning.plan.step import totals
from safe_reasoning.plan.table import plan_table, published_costs
from safe_reasoning.plan.training_steps import parameters_of


@command
def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--config", required=True)
    parser.add_argument(
        "--measured",
        type=Path,
        help="folder of a finished run whose rates and lengths are used instead of the configuration's",
    )
    arguments = parser.parse_args()
    config = checked(load(arguments.config))
    if arguments.measured:
        config = with_measured_rates(config, arguments.measured / "metrics")
    steps = plan(config)
    console = Console(width=160)
    console.print(plan_table(config, steps))
    rates, total = config.plan, totals(steps)
    origin = f"measured in {arguments.measured}" if arguments.measured else "the configuration's estimates"
    console.print(
        f"Rates ({origin}): {rates.generation_tokens_per_gpu_second:,.0f} generated and "
        f"{rates.training_tokens_per_gpu_second:,.0f} trained tokens per second and GPU. "
        f"On {rates.gpus} GPUs at best {total.gpu_hours / rates.gpus:,.0f} hours."
    )
    for line in expected(config, steps):
        console.print(line)
    if lines := published_costs(config, Path("results/published")):
        console.print("The paper on its own costs: " + "; ".join(lines) + ".")
    free = shutil.disk_usage(".").free / 2**30
    parameters = {model: parameters_of(config, model) for model in config.models}
    problems_found = problems(config, parameters, total.disk_gib, config.plan.disk_gib or free)
    for problem in problems_found:
        print_line(f"does not fit: {problem}")
    sys.exit(1 if problems_found else 0)


if __name__ == "__main__":
    main()
