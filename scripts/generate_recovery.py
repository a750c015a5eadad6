"""Let the base, or weights that others have released, continue beginnings of harmful reasonings.

Trained methods do so in the engine of their evaluation.

python scripts/generate_recovery.py --config config/compare.yaml \\
    --model-dir results/compare/models/nano/base --seed 0 --label "nano base" \\
    --beginnings results/compare/recovery/nano/beginnings.parquet \\
    --shards results/compare/generations/nano/base/seed0/shards \\
    --out results/compare/generations/nano/base/seed0/recovery.parquet
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
    parser.add_argument("--beginnings", required=True, type=Path)
    parser.add_argument("--seed", required=True, type=int)
    parser.add_argument("--label", default="recovery", help="name on the progress lines")
    parser.add_argument(
        "--shards", required=True, type=Path, help="folder of finished shards; a killed job goes on from them"
    )
    parser.add_argument("--out", required=True, type=Path)
    arguments = parser.parse_args()
    config = load(arguments.config)
    from safe_reasoning.sampling.prompt_sets import SamplesOfModel

    model = SamplesOfModel(config, arguments.model_dir, arguments.shards, arguments.label, arguments.seed)
    model.sample_recovery(read_rows(arguments.beginnings, "beginnings"), arguments.out)


if __name__ == "__main__":
    main()
