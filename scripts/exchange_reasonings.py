"""Whole reasonings of the base, harmful and safe, that every method answers behind.

python scripts/exchange_reasonings.py --config config/compare.yaml \\
    --base results/compare/models/nano/base \\
    --prompts results/compare/prompts/*.parquet \\
    --generations results/compare/generations/nano/base/seed0/evaluation.parquet \\
    --verdicts results/compare/verdicts/nano/base/seed0/evaluation.exact.parquet \\
        --out results/compare/reliance/nano/exchanged.parquet
"""

from pathlib import Path

from safe_reasoning.config import load
from safe_reasoning.core.cli import argument_parser, command
from safe_reasoning.core.records import read_rows, write_rows


@command
def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--config", required=True)
    parser.add_argument("--base", required=True, type=Path, help="folder of the base model")
    parser.add_argument("--prompts", required=True, nargs="+")
    parser.add_argument("--generations", required=True, help="the base model's evaluation generations")
    parser.add_argument("--verdicts", required=True)
    parser.add_argument("--out", required=True, type=Path)
    arguments = parser.parse_args()
    config = load(arguments.config)
    from safe_reasoning.evaluation.reliance import exchanged_reasonings
    from safe_reasoning.sampling.engine import load_tokenizer

    asked = config.evaluate.reliance_traces
    rows = exchanged_reasonings(
        read_rows(arguments.generations, "generations"),
        read_rows(arguments.verdicts, "verdicts", prompt_set=config.sets_of("safety")),
        {row["prompt_id"]: row for path in arguments.prompts for row in read_rows(path, "prompts")},
        load_tokenizer(arguments.base),
        asked,
        config.world_seed,
    )
    write_rows(arguments.out, "beginnings", rows, {"traces": len(rows), "asked": asked})


if __name__ == "__main__":
    main()
