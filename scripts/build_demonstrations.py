"""Build demonstrations for supervised fine-tuning.

Rows of one kind: an entry of `demonstrations` in the configuration, or a file of
src/safe_reasoning/pairs/demonstrations.

python scripts/build_demonstrations.py --config config/compare.yaml --name safechain_own \\
    --model nano --model-dir results/compare/models/nano/base \\
    --prompts results/compare/prompts/align_harmful.parquet \\
    --rollouts results/compare/generations/nano/base/rollouts.parquet \\
        --verdicts results/compare/verdicts/nano/base/rollouts.exact.parquet \\
    --shards results/compare/pairs/nano/shards_safechain_own \\
        --out results/compare/pairs/nano/demonstrations_safechain_own.parquet
"""

import importlib
from pathlib import Path

from safe_reasoning.config import load
from safe_reasoning.core.cli import argument_parser, command, progress
from safe_reasoning.core.errors import UserError
from safe_reasoning.core.provenance import read_meta
from safe_reasoning.core.records import write_rows
from safe_reasoning.judging.kinds import sharing_a_gpu

FILES = ("rollouts", "verdicts", "pairs", "triggers")


@command
def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--config", required=True)
    parser.add_argument("--name", required=True, help="of the demonstrations")
    parser.add_argument("--model", required=True)
    parser.add_argument("--model-dir", required=True, type=Path, help="folder of the base model")
    parser.add_argument("--prompts", required=True, nargs="+", help="the alignment prompts")
    parser.add_argument("--rollouts", help="rollouts of the base model")
    parser.add_argument("--verdicts", help="verdicts on the rollouts")
    parser.add_argument("--pairs", help="intervened pairs")
    parser.add_argument("--triggers", help="the picked triggers")
    parser.add_argument(
        "--shards", required=True, type=Path, help="folder of finished shards; a killed job goes on from them"
    )
    parser.add_argument("--out", required=True, type=Path)
    arguments = parser.parse_args()
    config = load(arguments.config)
    from safe_reasoning.pairs.demonstration import detector_of, kind_named, needs_of, settings_of
    from safe_reasoning.pairs.material import Material

    name, settings = arguments.name, settings_of(config, arguments.name)
    files = {each: getattr(arguments, each) for each in FILES if getattr(arguments, each)}
    for need in needs_of(config, name):
        for each in (need, "verdicts") if need == "rollouts" else (need,):
            if each not in files:
                raise UserError(f"{name} ({settings.kind}) needs --{each}: give it")
    config = sharing_a_gpu(config, config.evaluate.judge, detector_of(config, name))
    material = Material(config, name, arguments.model_dir, arguments.prompts, files, arguments.shards)
    built = importlib.import_module(f"safe_reasoning.pairs.demonstrations.{settings.kind}").build(material)
    progress(f"{name}: {len(built.rows)} demonstrations, {built.counts}")
    if not built.rows:
        raise UserError(
            f"{arguments.model}: not one row of {name} ({settings.kind}) came out, {built.counts}: "
            + kind_named(settings.kind).empty
        )
    cost = material.cost()
    if "pairs" in files:  # what the pairs cost lies behind the rows too
        behind = read_meta(files["pairs"])
        cost = {key: value + behind.get(key, 0) for key, value in cost.items()}
    meta = {
        "source": name,
        "kind": settings.kind,
        "settings": settings.model_dump(),
        "prompts": len({row["prompt_id"] for row in built.rows if row["label"] == "harmful"}),
        "tokens": sum(len(row["completion_ids"]) for row in built.rows),
        "outcomes": built.counts,
        "rollouts_used": len(material.rollouts) if "rollouts" in files else 0,
        **cost,
    }
    write_rows(arguments.out, "demonstrations", built.rows, meta)


if __name__ == "__main__":
    main()
