"""Write the safe demonstrations that the sft_safe baseline learns from (what STAR-1's traces are to
the paper's baselines).

python scripts/write_safe_demonstrations.py --config config/demo.yaml \\
    --model-dir results/demo/models/nano/base \\
    --prompts results/demo/prompts/align_harmful.parquet \\
        --out results/demo/pairs/nano/safe_demonstrations.parquet
"""

from pathlib import Path

from safe_reasoning.config import load
from safe_reasoning.core.cli import argument_parser, command
from safe_reasoning.core.records import read_rows, write_rows


@command
def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--config", required=True)
    parser.add_argument(
        "--model-dir", required=True, type=Path, help="whose tokenizer and chat template to use"
    )
    parser.add_argument("--prompts", required=True, nargs="+")
    parser.add_argument("--out", required=True)
    arguments = parser.parse_args()
    config = load(arguments.config)
    from safe_reasoning.pairs.teacher_traces import safe_demonstrations
    from safe_reasoning.sampling.engine import load_tokenizer

    prompts = [row for path in arguments.prompts for row in read_rows(path, "prompts")]
    tokenizer = load_tokenizer(arguments.model_dir)
    rows = safe_demonstrations(prompts, tokenizer, config.world_seed)
    write_rows(
        arguments.out, "demonstrations", rows, {"tokens": sum(len(row["completion_ids"]) for row in rows)}
    )


if __name__ == "__main__":
    main()
