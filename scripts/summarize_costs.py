"""What each method cost.

Generations, tokens and seconds from the files it was built from, and its training curve.

python scripts/summarize_costs.py --config config/demo.yaml --model nano \\
    --pairs results/demo/pairs/nano/*.parquet \\
    --rollouts results/demo/generations/nano/base/rollouts.parquet \\
        --trained results/demo/models/nano/*/seed0/training.json \\
    --stage1 results/demo/models/nano/ipo/seed0/training.json --out results/demo/metrics/nano
"""

from pathlib import Path

from safe_reasoning.config import load
from safe_reasoning.core.cli import argument_parser, command
from safe_reasoning.core.files import read_json
from safe_reasoning.core.provenance import read_meta
from safe_reasoning.core.records import write_metrics
from safe_reasoning.core.run_layout import variant_of
from safe_reasoning.evaluation.costs import budgets, efficiency, pair_counts, training_curves
from safe_reasoning.training.recipe import data_stems, stage1_file


@command
def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--config", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument(
        "--pairs",
        required=True,
        nargs="+",
        help="pair and demonstration files, whose meta files hold the costs",
    )
    parser.add_argument("--rollouts", required=True)
    parser.add_argument("--trained", required=True, nargs="+", help="training.json files")
    parser.add_argument(
        "--stage1", nargs="*", default=[], help="training.json files of first stages that others go on from"
    )
    parser.add_argument("--out", required=True, type=Path, help="folder of the CSV files")
    parser.add_argument("--budgets", action="store_true", help="write budgets.csv too")
    arguments = parser.parse_args()
    config = load(arguments.config)
    files = {Path(path).stem: read_meta(path) for path in arguments.pairs}
    trained = {variant_of(path): read_json(path) for path in arguments.trained}
    built_from = {
        variant: data_stems(config.methods[variant.method], int(variant.seed)) for variant in trained
    }
    firsts = {variant_of(path): read_json(path) for path in arguments.stage1}
    stage1 = {
        variant: firsts[variant_of(started)]
        for variant in trained
        if (started := stage1_file(config.methods[variant.method], arguments.model, int(variant.seed)))
    }
    tables = {
        "efficiency": efficiency(trained, built_from, files, read_meta(arguments.rollouts), stage1),
        "pairs": pair_counts(files),
        "training": training_curves(trained),
    }
    if arguments.budgets:
        tables["budgets"] = budgets(tables["efficiency"], trained, stage1)
    for name, rows in tables.items():
        write_metrics(arguments.out / f"{name}.csv", [{"model": arguments.model, **row} for row in rows], {})


if __name__ == "__main__":
    main()
