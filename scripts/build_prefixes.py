"""Build beginnings of reasonings for reinforcement learning: cooperative and refusing ones.

python scripts/build_prefixes.py --config config/demo.yaml --detector exact \\
    --model-dir results/demo/models/nano/base \\
    --rollouts results/demo/generations/nano/base/rollouts.parquet \\
    --verdicts results/demo/verdicts/nano/base/rollouts.exact.parquet \\
    --triggers results/demo/characterize/nano/triggers.json \\
    --prompts results/demo/prompts/align_*.parquet \\
    --out results/demo/pairs/nano/prefixes_exact.parquet
"""

from pathlib import Path

from safe_reasoning.config import load
from safe_reasoning.core.cli import argument_parser, command, progress
from safe_reasoning.core.files import read_json
from safe_reasoning.core.records import read_rows, write_rows
from safe_reasoning.judging.factory import get_detector


@command
def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--config", required=True)
    parser.add_argument("--detector", required=True)
    parser.add_argument("--model-dir", required=True, type=Path, help="folder of the base model")
    parser.add_argument("--rollouts", required=True, help="rollouts of the base model")
    parser.add_argument("--verdicts", required=True, help="verdicts on the rollouts")
    parser.add_argument("--triggers", required=True, help="the mined triggers")
    parser.add_argument("--prompts", required=True, nargs="+", help="the alignment prompts")
    parser.add_argument("--out", required=True, type=Path)
    arguments = parser.parse_args()
    config = load(arguments.config)
    from safe_reasoning.characterize.continuation_safety import reasoning_harmful
    from safe_reasoning.pairs.prefixes import beginnings
    from safe_reasoning.sampling.engine import load_tokenizer

    detector = get_detector(arguments.detector, config)
    verdicts = list(read_rows(arguments.verdicts, "verdicts"))
    complies = {row["generation_id"]: row["value"] for row in verdicts if row["measure"] == "complies"}
    prompts = {row["prompt_id"] for path in arguments.prompts for row in read_rows(path, "prompts")}
    rollouts = [row for row in read_rows(arguments.rollouts, "generations") if row["prompt_id"] in prompts]
    triggers = [row["text"] for row in read_json(arguments.triggers)["triggers"]]
    rows, counts = beginnings(
        rollouts,
        reasoning_harmful(verdicts),
        complies,
        triggers,
        load_tokenizer(arguments.model_dir),
        detector,
    )
    progress(f"beginnings of reasonings: {counts}")
    meta = {"source": "prefixes", "detector": detector.name, "triggers": triggers, **counts}
    write_rows(arguments.out, "prefixes", rows, meta)


if __name__ == "__main__":
    main()
