"""Cut harmful reasonings of the base model after 0, 1, 2, ... sentences, for methods to continue.

python scripts/cut_beginnings.py --config config/compare.yaml \\
    --base results/compare/models/nano/base \\
    --generations results/compare/generations/nano/base/seed0/evaluation.parquet \\
    --verdicts results/compare/verdicts/nano/base/seed0/evaluation.exact.parquet \\
    --out results/compare/recovery/nano/beginnings.parquet
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
    parser.add_argument("--generations", required=True, help="the base model's evaluation generations")
    parser.add_argument("--verdicts", required=True)
    parser.add_argument("--out", required=True, type=Path)
    arguments = parser.parse_args()
    config = load(arguments.config)
    from safe_reasoning.evaluation.recovery import harmful_beginnings, reasoning_verdicts
    from safe_reasoning.sampling.engine import load_tokenizer

    settings = config.evaluate
    rows = harmful_beginnings(
        read_rows(arguments.generations, "generations"),
        reasoning_verdicts(read_rows(arguments.verdicts, "verdicts")),
        load_tokenizer(arguments.base),
        settings.recovery_traces,
        settings.recovery_sentences,
        config.world_seed,
    )
    traces = len({row["generation_id"] for row in rows})
    write_rows(arguments.out, "beginnings", rows, {"traces": traces, "asked": settings.recovery_traces})


if __name__ == "__main__":
    main()
