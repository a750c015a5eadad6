"""Harm of each method in the average template and in the one that is worst for it.

python scripts/summarize_worst_case.py --config config/compare.yaml --model nano \\
    --templates results/compare/attacks/worst_case/templates.parquet \\
    --verdicts results/compare/verdicts/nano/*/seed0/templates.exact.parquet \\
    --out results/compare/metrics/nano/worst_case.csv
"""

import argparse

from safe_reasoning.config import load
from safe_reasoning.core.cli import command
from safe_reasoning.core.records import read_rows, write_metrics
from safe_reasoning.core.run_layout import variant_of
from safe_reasoning.evaluation.worst_case import worst_case_rows
from safe_reasoning.training.recipe import untrained


@command
def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--config", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--templates", required=True)
    parser.add_argument("--verdicts", required=True, nargs="+")
    parser.add_argument("--out", required=True)
    arguments = parser.parse_args()
    config = load(arguments.config)
    rows = worst_case_rows(
        {variant_of(path): read_rows(path, "verdicts") for path in arguments.verdicts},
        read_rows(arguments.templates, "prompts"),
        config.evaluate.worst_samples,
        untrained(config),
        config.evaluate.bootstrap,
        config.world_seed,
    )
    write_metrics(
        arguments.out,
        [{"model": arguments.model, **row} for row in rows],
        {"judge": config.evaluate.judge, "bootstrap": config.evaluate.bootstrap},
    )


if __name__ == "__main__":
    main()
