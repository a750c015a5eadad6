"""The main result of one model under each judge of the run.

Rates, agreement of the judges, ranks of the methods. Nothing is generated again.

python scripts/compare_judges.py --config config/demo.yaml --model nano \\
    --prompts results/demo/prompts/*.parquet \\
    --verdicts results/demo/verdicts/nano/*/seed0/evaluation.*.parquet \\
        --out results/demo/metrics/nano
"""

from pathlib import Path

from safe_reasoning.config import load
from safe_reasoning.core.cli import argument_parser, command
from safe_reasoning.core.records import read_rows, write_metrics
from safe_reasoning.core.run_layout import Variant, variant_of
from safe_reasoning.evaluation import rates
from safe_reasoning.judge_audit import compare_judges


@command
def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--config", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--prompts", required=True, nargs="+")
    parser.add_argument(
        "--verdicts",
        required=True,
        nargs="+",
        type=Path,
        help="files of all judges, named evaluation.JUDGE.parquet",
    )
    parser.add_argument("--out", required=True, type=Path, help="folder of the CSV files")
    arguments = parser.parse_args()
    config = load(arguments.config)
    bootstrap = config.evaluate.bootstrap
    roles = rates.roles_of(read_rows(path, "prompts") for path in arguments.prompts)
    by_judge: dict[str, dict[Variant, list]] = {judge: {} for judge in config.all_judges}
    for path in arguments.verdicts:
        by_judge[path.suffixes[0].removeprefix(".")][variant_of(path)] = read_rows(path, "verdicts")
    tables = {
        "judge_rates": compare_judges.rates_by_judge(by_judge, roles, bootstrap, config.benchmarks),
        "judge_agreement": compare_judges.agreements(by_judge, bootstrap),
        "judge_ranks": compare_judges.ranks(by_judge, roles, bootstrap, config.benchmarks),
    }
    for name, rows in tables.items():
        write_metrics(
            arguments.out / f"{name}.csv",
            [{"model": arguments.model, **row} for row in rows],
            {"judges": config.all_judges},
        )


if __name__ == "__main__":
    main()
