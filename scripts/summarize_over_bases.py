"""Summarize rates and differences over the bases of a run that are replicates of one another.

python scripts/summarize_over_bases.py --config config/demo_replicates.yaml \\
    --tables results/demo_replicates/metrics/{rates,paired_differences}.csv \\
    --out results/demo_replicates/metrics
"""

from pathlib import Path

from safe_reasoning.config import load
from safe_reasoning.core.cli import argument_parser, command
from safe_reasoning.core.errors import UserError
from safe_reasoning.core.records import write_metrics
from safe_reasoning.evaluation.over_bases import over_bases_tables
from safe_reasoning.report.metrics import read


@command
def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--config", required=True)
    parser.add_argument(
        "--tables", required=True, nargs="+", type=Path, help="joined metric tables of all models"
    )
    parser.add_argument("--out", required=True, type=Path, help="folder of the CSV files")
    arguments = parser.parse_args()
    bases = load(arguments.config).replicates
    if not bases:
        raise UserError(
            f"{arguments.config} has no replicates: give several nano models that differ in their seed alone"
        )
    tables = {path.stem: read(path.parent, path.stem).to_dict("records") for path in arguments.tables}
    for name, rows in over_bases_tables(tables, bases).items():
        write_metrics(arguments.out / f"{name}.csv", rows, {"models": bases})


if __name__ == "__main__":
    main()
