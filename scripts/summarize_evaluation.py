"""Turn the verdicts of one model's methods into metrics.

Rates with intervals, by seed and over seeds, trace classes, paired differences on the same prompts,
effect of the number of samples.

python scripts/summarize_evaluation.py --config config/demo.yaml --model nano \\
    --prompts results/demo/prompts/*.parquet \\
    --generations results/demo/generations/nano/*/seed0/evaluation.parquet \\
        --verdicts results/demo/verdicts/nano/*/seed0/evaluation.exact.parquet \\
    --contaminated results/demo/metrics/contaminated_prompts.csv --out results/demo/metrics/nano
"""

from pathlib import Path

import pandas as pd

from safe_reasoning.config import load
from safe_reasoning.core.cli import argument_parser, command
from safe_reasoning.core.records import StoredRows, read_rows, write_metrics
from safe_reasoning.core.run_layout import variant_of
from safe_reasoning.evaluation.over_seeds import DIFFERENCE_COLUMNS
from safe_reasoning.evaluation.rates import COLUMNS, roles_of
from safe_reasoning.evaluation.summary import evaluation_tables
from safe_reasoning.training.recipe import untrained


@command
def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--config", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--prompts", required=True, nargs="+")
    parser.add_argument("--generations", required=True, nargs="+")
    parser.add_argument("--verdicts", required=True, nargs="+")
    parser.add_argument(
        "--contaminated",
        required=True,
        type=Path,
        help="test prompts that overlap with training prompts (measure_contamination.py)",
    )
    parser.add_argument("--out", required=True, type=Path, help="folder of the CSV files")
    arguments = parser.parse_args()
    config = load(arguments.config)
    tables = evaluation_tables(
        {
            variant_of(path): StoredRows(path, "generations", ("prompt_set", "text"))
            for path in arguments.generations
        },
        {variant_of(path): StoredRows(path, "verdicts", COLUMNS) for path in arguments.verdicts},
        roles_of(read_rows(path, "prompts") for path in arguments.prompts),
        contaminated=set(pd.read_csv(arguments.contaminated)["prompt_id"]),
        benchmarks=config.benchmarks,
        untrained=untrained(config),
        bootstrap=config.evaluate.bootstrap,
    )
    meta = {"judge": config.evaluate.judge, "bootstrap": config.evaluate.bootstrap}
    for name, table in tables.items():
        rows = pd.DataFrame([{"model": arguments.model, **row} for row in table])
        if rows.empty and name == "paired_differences":
            rows = pd.DataFrame(columns=["model", *DIFFERENCE_COLUMNS])
        write_metrics(arguments.out / f"{name}.csv", rows, meta)


if __name__ == "__main__":
    main()
