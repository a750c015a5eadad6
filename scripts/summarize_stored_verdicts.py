"""What stored verdicts say of several samples of a prompt, and of reasoning against response.

Writes consistency.csv (Safe@K, ConsSafe@K, harm in the best of K) and leaks.csv (harmful reasoning
behind safe responses, and the reverse), of every method and safety set.

python scripts/summarize_stored_verdicts.py --config config/compare.yaml --model nano \\
    --verdicts results/compare/verdicts/nano/*/seed0/evaluation.exact.parquet \\
    --out results/compare/metrics/nano
"""

from pathlib import Path

from safe_reasoning.config import load
from safe_reasoning.core.cli import argument_parser, command
from safe_reasoning.core.records import StoredRows, write_metrics
from safe_reasoning.core.run_layout import variant_of
from safe_reasoning.evaluation.consistency import consistency_rows
from safe_reasoning.evaluation.joint import COLUMNS_OF_BOTH
from safe_reasoning.evaluation.leaks import leak_rows
from safe_reasoning.training.recipe import untrained


@command
def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--config", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--verdicts", required=True, nargs="+")
    parser.add_argument("--out", required=True, type=Path, help="folder of the CSV files")
    arguments = parser.parse_args()
    config = load(arguments.config)
    meta = {"judge": config.evaluate.judge, "bootstrap": config.evaluate.bootstrap}
    for name, summarized in (("consistency", consistency_rows), ("leaks", leak_rows)):
        rows = summarized(
            {variant_of(path): StoredRows(path, "verdicts", COLUMNS_OF_BOTH) for path in arguments.verdicts},
            {name: entry.role for name, entry in config.prompt_sets.items()},
            config.benchmarks,
            untrained(config),
            config.evaluate.bootstrap,
        )
        labelled = [{"model": arguments.model, **row} for row in rows]
        write_metrics(arguments.out / f"{name}.csv", labelled, meta)


if __name__ == "__main__":
    main()
