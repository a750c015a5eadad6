"""Build natural pairs: a safe against a harmful rollout of the same prompt, nothing intervened on.

python scripts/build_natural_pairs.py --config config/demo.yaml \\
    --model-dir results/demo/models/nano/base \\
    --rollouts results/demo/generations/nano/base/rollouts.parquet \\
        --verdicts results/demo/verdicts/nano/base/rollouts.exact.parquet \\
    --prompts results/demo/prompts/align_harmful.parquet \\
        --out results/demo/pairs/nano/natural.parquet
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
    parser.add_argument("--verdicts", required=True, help="verdicts on the rollouts")
    parser.add_argument("--prompts", required=True, nargs="+", help="the harmful alignment prompts")
    parser.add_argument("--out", required=True, type=Path)
    arguments = parser.parse_args()
    config = load(arguments.config)
    from safe_reasoning.characterize.continuation_safety import reasoning_harmful
    from safe_reasoning.pairs.natural import natural_pairs
    from safe_reasoning.sampling.engine import load_tokenizer

    harmful = reasoning_harmful(read_rows(arguments.verdicts, "verdicts"))
    prompts = {row["prompt_id"] for path in arguments.prompts for row in read_rows(path, "prompts")}
    rollouts = read_rows(arguments.rollouts, "generations")
    generations = [row for row in rollouts if row["generation_id"] in harmful and row["prompt_id"] in prompts]
    pairs = natural_pairs(
        generations, harmful, load_tokenizer(arguments.model_dir), config.pairs.append_response
    )
    progress(f"natural pairs: {pairs.counts}")
    write_rows(arguments.out, "pairs", pairs.rows, {"source": "natural", **pairs.counts})


if __name__ == "__main__":
    main()
