"""Let the base, or weights that others have released, answer behind given reasonings.

Trained methods do so in the engine of their evaluation.

python scripts/generate_reliance.py --config config/compare.yaml \\
    --model-dir results/compare/models/nano/base --seed 0 --label "nano base" \\
    --prompts results/compare/prompts/*.parquet \\
    --generations results/compare/generations/nano/base/seed0/evaluation.parquet \\
    --exchanged results/compare/reliance/nano/exchanged.parquet \\
    --shards results/compare/generations/nano/base/seed0/shards \\
    --out results/compare/generations/nano/base/seed0/reliance.parquet
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
    parser.add_argument("--generations", required=True, help="the model's own evaluation generations")
    parser.add_argument("--exchanged", required=True, type=Path, help="reasonings of the base")
    parser.add_argument("--seed", required=True, type=int)
    parser.add_argument("--label", default="reliance", help="name on the progress lines")
    parser.add_argument(
        "--shards", required=True, type=Path, help="folder of finished shards; a killed job goes on from them"
    )
    parser.add_argument("--out", required=True, type=Path)
    arguments = parser.parse_args()
    config = load(arguments.config)
    from safe_reasoning.judging.paraphrase import arms_of
    from safe_reasoning.sampling.prompt_sets import SamplesOfModel

    model = SamplesOfModel(config, arguments.model_dir, arguments.shards, arguments.label, arguments.seed)
    prompts = [row for path in arguments.prompts for row in read_rows(path, "prompts")]
    exchanged = read_rows(arguments.exchanged, "beginnings")
    own = read_rows(arguments.generations, "generations")
    model.sample_behind(arms_of(config, prompts, exchanged, own, model.tokenizer), arguments.out)


if __name__ == "__main__":
    main()
