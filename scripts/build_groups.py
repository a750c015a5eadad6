"""Build groups of scored completions: the base model's own rollouts of a prompt, safer ones with
higher scores, and rollouts of benign prompts that training must not change.

python scripts/build_groups.py --config config/demo.yaml \\
    --model-dir results/demo/models/nano/base \\
    --rollouts results/demo/generations/nano/base/rollouts.parquet \\
        --verdicts results/demo/verdicts/nano/base/rollouts.exact.parquet \\
    --prompts results/demo/prompts/align_harmful.parquet \\
        results/demo/prompts/align_benign.parquet \\
    --out results/demo/pairs/nano/groups.parquet
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
    parser.add_argument("--prompts", required=True, nargs="+", help="the alignment prompts")
    parser.add_argument("--out", required=True, type=Path)
    arguments = parser.parse_args()
    config = load(arguments.config)
    from safe_reasoning.pairs.groups import by_steps, by_verdict, completion_groups
    from safe_reasoning.sampling.engine import load_tokenizer

    exact = config.evaluate.judge == "exact"
    groups = completion_groups(
        read_rows(arguments.rollouts, "generations"),
        read_rows(arguments.verdicts, "verdicts"),
        {row["prompt_id"]: row for path in arguments.prompts for row in read_rows(path, "prompts")},
        load_tokenizer(arguments.model_dir),
        by_steps if exact else by_verdict,
    )
    progress(f"groups: {groups.counts}")
    meta = {"source": "groups", "scores": "recipe steps" if exact else "verdicts", **groups.counts}
    write_rows(arguments.out, "groups", groups.rows, meta)


if __name__ == "__main__":
    main()
