"""Train the nano base model from scratch on the nano world's corpus.

Its arithmetic is pinned, so that its weights are the same on every processor with AVX2.

python scripts/train_nano_base.py --config config/demo.yaml --model nano \\
    --out results/demo/models/nano/base
"""

from pathlib import Path

from safe_reasoning.config import NanoModel, load
from safe_reasoning.core import arithmetic
from safe_reasoning.core.cli import argument_parser, command
from safe_reasoning.core.errors import UserError


@command
def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--config", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument(
        "--out", required=True, type=Path, help="folder of the weights; training.json in it is written last"
    )
    arguments = parser.parse_args()
    arithmetic.pin()
    config = load(arguments.config)
    settings = config.models.get(arguments.model)
    if not isinstance(settings, NanoModel):
        raise UserError(f"models.{arguments.model} is not a nano model: name a model of kind nano")
    from safe_reasoning.models.nano import train_nano_base

    train_nano_base(settings, config.world_seed, arguments.out)


if __name__ == "__main__":
    main()
