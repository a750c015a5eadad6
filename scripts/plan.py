"""Say what a run costs before it starts, from its configuration alone.

Generations, tokens, judge calls and their price, hours of GPUs or processors, disk, memory.

python scripts/plan.py --config config/paper.yaml
python scripts/plan.py --config config/demo.yaml \\
    --measured results/demo    # with the rates and lengths of a finished run
python scripts/plan.py --config config/mini.yaml /path/to/my.yaml    # as snakemake --configfile
python scripts/plan.py --config config/paper.yaml \\
    --measured results/gpu/rates.json    # with the rates of the GPU check
"""

import shutil
import sys
from pathlib import Path

from rich.console import Console

from safe_reasoning.config import load
from safe_reasoning.core.cli import argument_parser, command, print_line
from safe_reasoning.plan.checked_config import checked
from safe_reasoning.plan.endpoints import expected
from safe_reasoning.plan.estimate import plan
from safe_reasoning.plan.measured_rates import measured_rates
from safe_reasoning.plan.memory import problems
from safe_reasoning.plan.step import totals, with_base_seconds
from safe_reasoning.plan.table import plan_table, published_costs, rate_lines
from safe_reasoning.plan.training_steps import parameters_of


@command
def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument(
        "--config", required=True, nargs="+", help="configuration files; what a later one says goes before"
    )
    parser.add_argument(
        "--measured",
        type=Path,
        help="folder of a finished run whose rates and lengths are used instead of the configuration's, or "
        "rates.json of the GPU check",
    )
    arguments = parser.parse_args()
    used = measured_rates(checked(load(*arguments.config)), arguments.measured)
    config = used.config
    steps = with_base_seconds(plan(config), used.base_seconds)
    console = Console(width=160)
    console.print(plan_table(config, steps, used.known))
    total = totals(steps)
    for line in rate_lines(used, total):
        console.print(line)
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
