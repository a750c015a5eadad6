"""Harmful reasoning behind safe responses and the reverse, of every method and safety set.

python scripts/summarize_leaks.py --config config/compare.yaml --model nano \\
    --verdicts results/compare/verdicts/nano/*/seed0/evaluation.exact.parquet \\
    --out results/compare/metrics/nano/leaks.csv
"""

import argparse

from safe_reasoning.config import load
from safe_reasoning.core.cli import command
from safe_reasoning.core.records import StoredRows, write_metrics
from safe_reasoning.core.run_layout import variant_of
from safe_reasoning.evaluation.joint import COLUMNS_OF_BOTH
from safe_reasoning.evaluation.leaks import leak_rows
from safe_reasoning.training.recipe import untrained


@command
def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--config", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--verdicts", required=True, nargs="+")
    parser.add_argument("--out", required=True)
    arguments = parser.parse_args()
    config = load(arguments.config)
    rows = leak_rows(
        {variant_of(path): StoredRows(path, "verdicts", COLUMNS_OF_BOTH) for path in arguments.verdicts},
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
