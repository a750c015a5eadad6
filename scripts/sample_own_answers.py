"""Sample what the untouched model answers to the warm-up's prompts, in its own chat template.

Its warm-up (`warm_up: own_answers`) makes reasonings that end as these answers do.

python scripts/sample_own_answers.py --config results/mini_qwen/config.yaml --model qwen \\
    --converted results/mini_qwen/models/qwen/converted \\
    --prompts results/mini_qwen/prompts/gsm8k.parquet \\
    --shards results/mini_qwen/generations/qwen/own_answers_shards \\
    --out results/mini_qwen/generations/qwen/own_answers.parquet
"""

from pathlib import Path

from safe_reasoning.config import GgufModel, load
from safe_reasoning.core.cli import argument_parser, command
from safe_reasoning.core.errors import UserError
from safe_reasoning.core.records import read_rows


@command
def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--config", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--converted", required=True, type=Path, help="folder written by convert_gguf.py")
    parser.add_argument("--prompts", nargs="*", default=[], help="prompt files of the capability sets")
    parser.add_argument(
        "--shards", required=True, type=Path, help="folder of finished shards; a killed job goes on from them"
    )
    parser.add_argument("--out", required=True, type=Path)
    arguments = parser.parse_args()
    config = load(arguments.config)
    settings = config.models.get(arguments.model)
    if not isinstance(settings, GgufModel):
        raise UserError(
            f"models.{arguments.model} is no model from a GGUF file: name a model of kind gguf_package"
        )
    from safe_reasoning.models.own_answers import sample_own_answers

    prompts = [row for path in arguments.prompts for row in read_rows(path, "prompts")]
    sample_own_answers(config, settings, arguments.converted, prompts, arguments.shards, arguments.out)


if __name__ == "__main__":
    main()
