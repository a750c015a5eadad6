"""What a warm-up on own answers kept of the model: refusals, form, outcomes, help, capability, each
beside its aim.

python scripts/summarize_warm_up.py --config results/mini_qwen/config.yaml --model qwen \\
    --answers results/mini_qwen/generations/qwen/own_answers.parquet \\
    --rollouts results/mini_qwen/generations/qwen/base/rollouts.parquet \\
    --verdicts results/mini_qwen/verdicts/qwen/base/rollouts.lexical.parquet \\
    --evaluation-verdicts results/mini_qwen/verdicts/qwen/base/seed0/evaluation.lexical.parquet \\
    --prompts results/mini_qwen/prompts/*.parquet --out results/mini_qwen/metrics/qwen/warm_up.csv
"""

from safe_reasoning.config import load
from safe_reasoning.core.cli import argument_parser, command, progress
from safe_reasoning.core.records import read_rows, write_metrics


@command
def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--config", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--answers", required=True, help="generations of the untouched model")
    parser.add_argument("--rollouts", required=True, help="rollouts of the base model")
    parser.add_argument("--verdicts", required=True, help="verdicts on the rollouts")
    parser.add_argument(
        "--evaluation-verdicts", required=True, help="verdicts on the base model's evaluation generations"
    )
    parser.add_argument("--prompts", required=True, nargs="+")
    parser.add_argument("--out", required=True)
    arguments = parser.parse_args()
    config = load(arguments.config)
    from safe_reasoning.characterize.base_model import summary_line
    from safe_reasoning.characterize.warm_up_kept import kept_rows

    rows = kept_rows(
        read_rows(arguments.answers, "generations"),
        read_rows(arguments.rollouts, "generations"),
        read_rows(arguments.verdicts, "verdicts"),
        read_rows(arguments.evaluation_verdicts, "verdicts"),
        {row["prompt_id"]: row for path in arguments.prompts for row in read_rows(path, "prompts")},
        config.evaluate.bootstrap,
    )
    for row in rows:
        progress(f"warm-up of {arguments.model}: {summary_line(row)}")
    meta = {"judge": config.evaluate.judge}
    write_metrics(arguments.out, [{"model": arguments.model, **row} for row in rows], meta)


if __name__ == "__main__":
    main()
