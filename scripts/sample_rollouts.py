"""Sample the base model on the alignment prompts.

The rollouts behind characterization, natural pairs, over-refusal pairs and demonstrations.

python scripts/sample_rollouts.py --config config/demo.yaml \\
    --model-dir results/demo/models/nano/base \\
    --prompts results/demo/prompts/align_harmful.parquet \\
        --shards results/demo/generations/nano/base/shards \\
        --out results/demo/generations/nano/base/rollouts.parquet
"""

from pathlib import Path

from safe_reasoning.config import load
from safe_reasoning.core.cli import argument_parser, command
from safe_reasoning.core.records import read_rows


@command
def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--config", required=True)
    parser.add_argument("--model-dir", required=True, type=Path)
    parser.add_argument("--prompts", required=True, nargs="+")
    parser.add_argument(
        "--shards", required=True, type=Path, help="folder of finished shards; a killed job goes on from them"
    )
    parser.add_argument("--out", required=True, type=Path)
    arguments = parser.parse_args()
    config = load(arguments.config)
    from safe_reasoning.sampling.prompt_sets import SamplesOfModel

    prompts = [row for path in arguments.prompts for row in read_rows(path, "prompts")]
    samples = {
        row["prompt_set"]: config.characterize.rollouts
        for row in prompts
        if row["role"] in ("align_harmful", "characterize")
    }
    samples |= {
        row["prompt_set"]: config.pairs.overrefusal_samples
        for row in prompts
        if row["role"] in ("align_benign", "align_alarming")
    }
    model = SamplesOfModel(config, arguments.model_dir, arguments.shards, "rollouts", seed=0)
    model.sample(model.requests(prompts, samples), arguments.out)


if __name__ == "__main__":
    main()
