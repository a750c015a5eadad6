"""Write held-out items of the nano world, restricted and allowed, in every template.

python scripts/write_templates.py --config config/compare.yaml \\
    --out results/compare/attacks/worst_case/templates.parquet
"""

from safe_reasoning.config import load
from safe_reasoning.core.cli import argument_parser, command
from safe_reasoning.core.records import write_rows
from safe_reasoning.prompts.attacks.worst_templates import template_prompts


@command
def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--config", required=True)
    parser.add_argument("--out", required=True)
    arguments = parser.parse_args()
    config = load(arguments.config)
    write_rows(arguments.out, "prompts", template_prompts(config), {"world_seed": config.world_seed})


if __name__ == "__main__":
    main()
