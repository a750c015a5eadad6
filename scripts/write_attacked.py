"""Write the requests that adaptive attacks rewrite: restricted and benign ones, asked plainly.

python scripts/write_attacked.py --config config/compare.yaml \\
    --prompts results/compare/prompts/direct.parquet results/compare/prompts/overrefusal.parquet \\
    --out results/compare/attacks/adaptive/requests.parquet
"""

from pathlib import Path

from safe_reasoning.config import load
from safe_reasoning.core.cli import argument_parser, command
from safe_reasoning.core.records import read_rows, write_rows
from safe_reasoning.prompts.attacks.adaptive import attacked_prompts


@command
def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--config", required=True)
    parser.add_argument("--prompts", required=True, nargs="+", type=Path, help="of `attacked_sets`")
    parser.add_argument("--out", required=True)
    arguments = parser.parse_args()
    config = load(arguments.config)
    plain = {path.stem: read_rows(path, "prompts") for path in arguments.prompts}
    rows = attacked_prompts(plain, config)
    write_rows(arguments.out, "prompts", rows, {"world_seed": config.world_seed})


if __name__ == "__main__":
    main()
