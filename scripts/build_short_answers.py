"""Build pairs of answers to benign prompts: the shortest that complies against the longest.

python scripts/build_short_answers.py --config config/compare.yaml \\
    --model-dir results/compare/models/nano/base \\
    --rollouts results/compare/generations/nano/base/rollouts.parquet \\
        --verdicts results/compare/verdicts/nano/base/rollouts.exact.parquet \\
    --prompts results/compare/prompts/align_benign.parquet \\
    --out results/compare/pairs/nano/short_answers.parquet
"""

from pathlib import Path

from safe_reasoning.config import load
from safe_reasoning.core.cli import argument_parser, command, progress
from safe_reasoning.core.records import read_rows, write_rows


@command
def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--config", required=True)
    parser.add_argument("--model-dir", required=True, type=Path, help="folder of the base model")
    parser.add_argument("--rollouts", required=True, help="rollouts of the base model")
    parser.add_argument("--verdicts", required=True, help="verdicts of the run's judge on the rollouts")
    parser.add_argument("--prompts", required=True, nargs="+", help="the benign alignment prompts")
    parser.add_argument("--out", required=True, type=Path)
    arguments = parser.parse_args()
    config = load(arguments.config)
    from safe_reasoning.pairs.short_answers import SOURCE, short_answers
    from safe_reasoning.sampling.engine import load_tokenizer

    prompts = {row["prompt_id"] for path in arguments.prompts for row in read_rows(path, "prompts")}
    complies = {
        row["generation_id"]: row["value"]
        for row in read_rows(arguments.verdicts, "verdicts")
        if row["measure"] == "complies"
    }
    pairs = short_answers(
        list(read_rows(arguments.rollouts, "generations", prompt_id=prompts)),
        complies,
        load_tokenizer(arguments.model_dir),
    )
    progress(f"short answers: {pairs.counts}")
    meta = {"source": SOURCE, "judge": config.evaluate.judge, **pairs.counts}
    write_rows(arguments.out, "pairs", pairs.rows, meta)


if __name__ == "__main__":
    main()
