"""Read generations that were made elsewhere as those of a method of the recipe `given`.

python scripts/read_generations.py --config results/demo/config.yaml --method mine \\
    --file my.jsonl --model-dir results/demo/models/nano/base --seed 0 \\
    --prompts results/demo/prompts/*.parquet \\
    --out results/demo/generations/nano/mine/seed0/evaluation.parquet
"""

from pathlib import Path

from safe_reasoning.config import load
from safe_reasoning.core.cli import argument_parser, command, progress
from safe_reasoning.core.files import sha256
from safe_reasoning.core.records import read_rows, write_rows


@command
def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--config", required=True)
    parser.add_argument("--method", required=True, help="a method of the recipe given")
    parser.add_argument("--file", required=True, help="with the columns prompt and completion")
    parser.add_argument("--model-dir", required=True, type=Path, help="folder of the base's tokenizer")
    parser.add_argument("--prompts", required=True, nargs="+")
    parser.add_argument("--seed", required=True, type=int)
    parser.add_argument("--out", required=True, type=Path)
    arguments = parser.parse_args()
    config = load(arguments.config)
    from safe_reasoning.prompts.own_generations import named, own_generations
    from safe_reasoning.sampling.engine import load_tokenizer

    prompts = [row for path in arguments.prompts for row in read_rows(path, "prompts")]
    tokenizer = load_tokenizer(arguments.model_dir)
    given = own_generations(
        arguments.method, arguments.file, prompts, tokenizer, arguments.seed, config.cut_sets
    )
    if given.unused:
        progress(
            f"{arguments.file}: {len(given.unused)} rows have a prompt of no evaluation set and are left "
            f"out: row {named(given.unused)}"
        )
    meta = {"seed": arguments.seed, "file_sha256": sha256(Path(arguments.file)), "unused": len(given.unused)}
    write_rows(arguments.out, "generations", given.rows, meta)


if __name__ == "__main__":
    main()
