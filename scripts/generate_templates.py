"""Ask the base or a method for items in every template.

Each restricted prompt twice as often as `evaluate.worst_samples` says: the first half chooses the
worst template of an item, the second has fresh seeds and measures it.

python scripts/generate_templates.py --config config/compare.yaml \\
    --model-dir results/compare/models/nano/ipo/seed0 --seed 0 --label "nano ipo" \\
    --templates results/compare/attacks/worst_case/templates.parquet \\
    --shards results/compare/generations/nano/ipo/seed0/shards \\
    --out results/compare/generations/nano/ipo/seed0/templates.parquet
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
    parser.add_argument("--templates", required=True, type=Path)
    parser.add_argument("--seed", required=True, type=int)
    parser.add_argument("--label", default="templates", help="name on the progress lines")
    parser.add_argument(
        "--shards", required=True, type=Path, help="folder of finished shards; a killed job goes on from them"
    )
    parser.add_argument("--out", required=True, type=Path)
    arguments = parser.parse_args()
    config = load(arguments.config)
    from safe_reasoning.sampling.prompt_sets import SamplesOfModel

    model = SamplesOfModel(config, arguments.model_dir, arguments.shards, arguments.label, arguments.seed)
    model.sample_templates(read_rows(arguments.templates, "prompts"), arguments.out)


if __name__ == "__main__":
    main()
