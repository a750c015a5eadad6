"""Warm real weights up on think-tagged traces, so that they can serve as a reasoning model.

python scripts/warm_up.py --config config/mini.yaml --model smollm2 \\
    --converted results/mini/models/smollm2/converted \\
    --out results/mini/models/smollm2/base
"""

from pathlib import Path

from safe_reasoning.config import GgufModel, load
from safe_reasoning.core.cli import argument_parser, command
from safe_reasoning.core.errors import UserError


@command
def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--config", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--converted", required=True, type=Path, help="folder written by convert_gguf.py")
    parser.add_argument(
        "--out", required=True, type=Path, help="folder of the weights; training.json in it is written last"
    )
    parser.add_argument(
        "--answers", type=Path, help="file written by sample_own_answers.py, for warm_up: own_answers"
    )
    arguments = parser.parse_args()
    config = load(arguments.config)
    settings = config.models.get(arguments.model)
    if not isinstance(settings, GgufModel):
        raise UserError(
            f"models.{arguments.model} is no model from a GGUF file: name a model of kind gguf_package"
        )
    from safe_reasoning.models.warm_up import warm_up

    warm_up(config, settings, arguments.converted, arguments.out, arguments.answers)


if __name__ == "__main__":
    main()
