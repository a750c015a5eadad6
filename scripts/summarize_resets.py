"""How often methods take back what they wrote, on every evaluated set, from stored generations.

python scripts/summarize_resets.py --config config/compare.yaml --model nano \\
    --generations results/compare/generations/nano/*/seed0/evaluation.parquet \\
    --out results/compare/metrics/nano/resets.csv
"""

from safe_reasoning.config import load
from safe_reasoning.core.cli import argument_parser, command
from safe_reasoning.core.records import StoredRows, write_metrics
from safe_reasoning.core.run_layout import variant_of
from safe_reasoning.evaluation.resets import COLUMNS, reset_rows


@command
def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--config", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--generations", required=True, nargs="+")
    parser.add_argument("--out", required=True)
    arguments = parser.parse_args()
    config = load(arguments.config)
    rows = reset_rows(
        {variant_of(path): StoredRows(path, "generations", COLUMNS) for path in arguments.generations},
        {name: entry.role for name, entry in config.prompt_sets.items()},
        config.benchmarks,
        config.evaluate.bootstrap,
    )
    labelled = [{"model": arguments.model, **row} for row in rows]
    write_metrics(arguments.out, labelled, {"bootstrap": config.evaluate.bootstrap})


if __name__ == "__main__":
    main()
