"""Write the prompts of one prompt set.

python scripts/make_prompts.py --config config/demo.yaml --prompt-set direct \\
    --out results/demo/prompts/direct.parquet
"""

from pathlib import Path

from safe_reasoning.config import load
from safe_reasoning.core.cli import argument_parser, command
from safe_reasoning.core.errors import UserError
from safe_reasoning.core.files import sha256
from safe_reasoning.core.records import read_rows, write_rows
from safe_reasoning.prompts.prompt_sets import make_prompt_set


@command
def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--config", required=True)
    parser.add_argument("--prompt-set", required=True)
    parser.add_argument(
        "--attacks", help="attack prompts of the set (attack_prompts.py), for a set with an attack"
    )
    parser.add_argument("--out", required=True)
    arguments = parser.parse_args()
    config = load(arguments.config)
    if arguments.prompt_set not in config.prompt_sets:
        raise UserError(
            f"unknown prompt set {arguments.prompt_set!r}: use one of {', '.join(config.prompt_sets)}"
        )
    settings = config.prompt_sets[arguments.prompt_set]
    rows = make_prompt_set(arguments.prompt_set, config)
    if settings.attack:
        if arguments.attacks is None:
            raise UserError(
                f"prompt set {arguments.prompt_set} is under the attack {settings.attack}: give --attacks"
            )
        from safe_reasoning.prompts.attacks.attack import under_attack

        rows = under_attack(rows, read_rows(arguments.attacks, "attacks"))
    meta = {"settings": settings.model_dump(), "world_seed": config.world_seed}
    if settings.file:
        meta["file_sha256"] = sha256(Path(settings.file))
    write_rows(arguments.out, "prompts", rows, meta)


if __name__ == "__main__":
    main()
