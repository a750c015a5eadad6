"""What decode-time policies edited, what it cost, and harm with and without what they inserted.

python scripts/summarize_control.py --config config/compare.yaml --model nano \\
    --prompts results/compare/prompts/*.parquet \\
    --edits results/compare/control/nano/replace_cue/seed0/edits.parquet \\
    --verdicts results/compare/verdicts/nano/replace_cue/seed0/evaluation.exact.parquet \\
    --without results/compare/verdicts/nano/replace_cue/seed0/evaluation_without.exact.parquet \\
    --base results/compare/generations/nano/base/seed0/evaluation.parquet \\
        --out results/compare/metrics/nano/control.csv
"""

from safe_reasoning.config import load
from safe_reasoning.control.summary import control_rows
from safe_reasoning.core.cli import argument_parser, command
from safe_reasoning.core.records import read_rows, write_metrics
from safe_reasoning.core.run_layout import variant_of
from safe_reasoning.evaluation.rates import roles_of


@command
def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--config", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--prompts", required=True, nargs="+")
    parser.add_argument("--edits", required=True, nargs="+", help="logs of the policies")
    parser.add_argument("--verdicts", required=True, nargs="+", help="on completions as delivered")
    parser.add_argument("--without", required=True, nargs="+", help="on the same without inserted tokens")
    parser.add_argument("--base", required=True, nargs="+", help="the base's evaluation generations")
    parser.add_argument("--out", required=True)
    arguments = parser.parse_args()
    config = load(arguments.config)

    def by_variant(paths: list[str], schema: str) -> dict:
        return {variant_of(path): read_rows(path, schema) for path in paths}

    rows = control_rows(
        by_variant(arguments.edits, "edits"),
        by_variant(arguments.verdicts, "verdicts"),
        by_variant(arguments.without, "verdicts"),
        [row for path in arguments.base for row in read_rows(path, "generations")],
        roles_of(read_rows(path, "prompts") for path in arguments.prompts),
        config.evaluate.bootstrap,
    )
    meta = {"judge": config.evaluate.judge, "bootstrap": config.evaluate.bootstrap}
    write_metrics(arguments.out, [{"model": arguments.model, **row} for row in rows], meta)


if __name__ == "__main__":
    main()
