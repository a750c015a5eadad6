"""Risk and defence along stored reasonings, sentence by sentence, of every method and safety set.

python scripts/summarize_chunks.py --config config/compare.yaml --model nano \\
    --prompts results/compare/prompts/*.parquet \\
    --generations results/compare/generations/nano/*/seed0/evaluation.parquet \\
    --out results/compare/metrics/nano/chunks.csv
"""

from safe_reasoning.config import load
from safe_reasoning.core.cli import argument_parser, command
from safe_reasoning.core.records import StoredRows, read_rows, write_metrics
from safe_reasoning.core.run_layout import variant_of
from safe_reasoning.evaluation.chunks import COLUMNS, chunk_rows
from safe_reasoning.judging.chunk_marks import marker_of
from safe_reasoning.training.recipe import untrained


@command
def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--config", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--prompts", required=True, nargs="+")
    parser.add_argument("--generations", required=True, nargs="+")
    parser.add_argument("--out", required=True)
    arguments = parser.parse_args()
    config = load(arguments.config)
    rows = chunk_rows(
        {variant_of(path): StoredRows(path, "generations", COLUMNS) for path in arguments.generations},
        {row["prompt_id"]: row for path in arguments.prompts for row in read_rows(path, "prompts")},
        marker_of(config.evaluate.judge),
        {name: entry.role for name, entry in config.prompt_sets.items()},
        config.benchmarks,
        untrained(config),
        config.evaluate.bootstrap,
    )
    write_metrics(
        arguments.out,
        [{"model": arguments.model, **row} for row in rows],
        {"judge": config.evaluate.judge, "bootstrap": config.evaluate.bootstrap},
    )


if __name__ == "__main__":
    main()
