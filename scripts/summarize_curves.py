"""Turn the verdicts along trainings into curves, and compare methods at matched compliance.

python scripts/summarize_curves.py --config config/demo.yaml --model nano \\
    --prompts results/demo/prompts/*.parquet \\
    --ends results/demo/verdicts/nano/*/seed0/evaluation.exact.parquet \\
    --checkpoints results/demo/verdicts/nano/*/seed0/checkpoints.exact.parquet \\
    --out results/demo/metrics/nano
"""

from pathlib import Path

from safe_reasoning.config import load
from safe_reasoning.core.cli import argument_parser, command
from safe_reasoning.core.records import read_rows, write_metrics
from safe_reasoning.core.run_layout import variant_of
from safe_reasoning.evaluation.curves import curve_rows, paths_along_training
from safe_reasoning.evaluation.matched import matched_tables
from safe_reasoning.evaluation.rates import roles_of
from safe_reasoning.training.recipe import goes_on_from, untrained


@command
def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--config", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--prompts", required=True, nargs="+")
    parser.add_argument("--ends", required=True, nargs="+", help="verdicts on the base and on the ends")
    parser.add_argument("--checkpoints", required=True, nargs="*", help="verdicts on the weights kept before")
    parser.add_argument("--out", required=True, type=Path, help="folder of the CSV files")
    arguments = parser.parse_args()
    config = load(arguments.config)
    starts = {name: start for name, method in config.methods.items() if (start := goes_on_from(method))}
    paths = paths_along_training(
        {variant_of(path): read_rows(path, "verdicts") for path in arguments.ends},
        {variant_of(path): read_rows(path, "verdicts") for path in arguments.checkpoints},
        starts,
    )
    roles = roles_of(read_rows(path, "prompts") for path in arguments.prompts)
    bootstrap, kept, contrasts = (getattr(config.evaluate, key) for key in ("bootstrap", "kept", "contrasts"))
    tables = {
        "curves": curve_rows(paths, roles, bootstrap, config.benchmarks, untrained(config)),
        **matched_tables(paths, roles, kept, bootstrap, config.benchmarks, untrained(config), contrasts),
    }
    meta = {"judge": config.evaluate.judge, "bootstrap": bootstrap, "kept": kept}
    for name, table in tables.items():
        write_metrics(
            arguments.out / f"{name}.csv", [{"model": arguments.model, **row} for row in table], meta
        )


if __name__ == "__main__":
    main()
