"""Rewrite the requests of one prompt set by its attack.

The attack prompts are a layer of their own: made once, used for every model and method.

python scripts/attack_prompts.py --config config/paper.yaml --prompt-set strongreject_pap \\
    --out results/paper/attacks/strongreject_pap.parquet
"""

from safe_reasoning.config import load
from safe_reasoning.core.cli import argument_parser, command, progress
from safe_reasoning.core.errors import UserError
from safe_reasoning.core.records import write_rows
from safe_reasoning.prompts.attacks.attack import attack_prompts
from safe_reasoning.prompts.attacks.rows import instructions_sha256
from safe_reasoning.prompts.prompt_sets import make_prompt_set


@command
def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--config", required=True)
    parser.add_argument("--prompt-set", required=True)
    parser.add_argument("--out", required=True)
    arguments = parser.parse_args()
    config = load(arguments.config)
    settings = config.prompt_sets.get(arguments.prompt_set)
    if settings is None or settings.attack is None:
        attacked = [name for name, entry in config.prompt_sets.items() if entry.attack]
        raise UserError(
            f"prompt set {arguments.prompt_set!r} has no attack: use one of "
            f"{', '.join(attacked) or '(the configuration has none)'}"
        )
    rows = attack_prompts(settings.attack, make_prompt_set(arguments.prompt_set, config), config)
    attacked_rows, unparsed = sum(row["attacked"] for row in rows), sum(row["unparsed"] for row in rows)
    progress(
        f"{arguments.prompt_set}: {attacked_rows} of {len(rows)} requests attacked, {unparsed} replies "
        "could not be parsed"
    )
    meta = {
        "settings": config.attacks[settings.attack].model_dump(),
        "instructions_sha256": instructions_sha256(),
    }
    write_rows(arguments.out, "attacks", rows, {**meta, "attacked": attacked_rows, "unparsed": unparsed})


if __name__ == "__main__":
    main()
