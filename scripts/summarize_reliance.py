"""How far each method's response follows the reasoning that stands before it.

python scripts/summarize_reliance.py --config config/compare.yaml --model nano \\
    --verdicts results/compare/verdicts/nano/*/seed0/reliance.exact.parquet \\
        --out results/compare/metrics/nano/reliance.csv
"""

from safe_reasoning.config import load
from safe_reasoning.core.cli import argument_parser, command
from safe_reasoning.core.records import read_rows, write_metrics
from safe_reasoning.core.run_layout import variant_of
from safe_reasoning.evaluation.reliance import reliance_rows


@command
def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--config", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--verdicts", required=True, nargs="+")
    parser.add_argument("--out", required=True)
    arguments = parser.parse_args()
    config = load(arguments.config)
    verdicts = {variant_of(path): read_rows(path, "verdicts") for path in arguments.verdicts}
    rows = reliance_rows(verdicts, config.evaluate.bootstrap)
    write_metrics(
        arguments.out,
        [{"model": arguments.model, **row} for row in rows],
        {"judge": config.evaluate.judge, "bootstrap": config.evaluate.bootstrap},
    )


if __name__ == "__main__":
    main()
