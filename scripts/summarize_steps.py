"""What each step of a model's run took: generations, tokens, seconds.

python scripts/summarize_steps.py --model nano \\
    --files results/demo/models/nano/base/training.json \\
    results/demo/characterize/nano/csr.parquet --out results/demo/metrics/nano/steps.csv
"""

from pathlib import Path

from safe_reasoning.core.cli import argument_parser, command
from safe_reasoning.core.records import write_metrics
from safe_reasoning.evaluation.steps import steps


@command
def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--model", required=True)
    parser.add_argument(
        "--files", required=True, nargs="+", type=Path, help="results of the steps, in the order of the run"
    )
    parser.add_argument("--out", required=True)
    arguments = parser.parse_args()
    write_metrics(arguments.out, [{"model": arguments.model, **row} for row in steps(arguments.files)], {})


if __name__ == "__main__":
    main()
