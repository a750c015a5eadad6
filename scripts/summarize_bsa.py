"""Scores of Beyond Safe Answers: safe responses, and reasonings that name the risks.

python scripts/summarize_bsa.py --config config/my.yaml --model nano \\
    --prompts results/my/prompts/bsa.parquet \\
    --verdicts results/my/verdicts/nano/*/seed0/evaluation.risks.parquet \\
    --out results/my/metrics/nano/bsa.csv
"""

from safe_reasoning.config import load
from safe_reasoning.core.cli import argument_parser, command
from safe_reasoning.core.records import StoredRows, read_rows, write_metrics
from safe_reasoning.core.run_layout import variant_of
from safe_reasoning.evaluation.bsa import bsa_rows
from safe_reasoning.evaluation.rates import COLUMNS


@command
def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--config", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--prompts", required=True, nargs="+", help="prompt sets with the source bsa")
    parser.add_argument("--verdicts", required=True, nargs="+", help="of a judge of kind bsa")
    parser.add_argument("--out", required=True)
    arguments = parser.parse_args()
    config = load(arguments.config)
    scenarios = {
        row["prompt_id"]: row["category"] for path in arguments.prompts for row in read_rows(path, "prompts")
    }
    rows = [
        {"model": arguments.model, **variant_of(path)._asdict(), **row}
        for path in arguments.verdicts
        for row in bsa_rows(StoredRows(path, "verdicts", COLUMNS), scenarios, config.evaluate.bootstrap)
    ]
    write_metrics(
        arguments.out, rows, {"judge": config.evaluate.bsa_judge, "bootstrap": config.evaluate.bootstrap}
    )


if __name__ == "__main__":
    main()
