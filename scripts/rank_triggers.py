"""Mine safety triggers at the safe turning points, try the candidates on harmful traces and pick
the triggers of the run by the documented rule.

python scripts/rank_triggers.py --config config/demo.yaml --detector exact \\
    --model-dir results/demo/models/nano/base \\
    --rollouts results/demo/generations/nano/base/rollouts.parquet \\
        --verdicts results/demo/verdicts/nano/base/rollouts.exact.parquet \\
    --csr results/demo/characterize/nano/csr.parquet \\
        --prompts results/demo/prompts/align_harmful.parquet \\
    --shards results/demo/characterize/nano/trigger_shards \\
        --out results/demo/characterize/nano/triggers.json
"""

from pathlib import Path

from safe_reasoning.config import load
from safe_reasoning.core.cli import argument_parser, command
from safe_reasoning.core.files import write_json
from safe_reasoning.core.provenance import write_meta
from safe_reasoning.core.records import read_rows
from safe_reasoning.judging.chat_annotator import provenance
from safe_reasoning.judging.factory import get_detector, get_judge
from safe_reasoning.judging.kinds import sharing_a_gpu


@command
def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--config", required=True)
    parser.add_argument("--detector", required=True)
    parser.add_argument("--model-dir", required=True, type=Path, help="folder of the base model")
    parser.add_argument("--rollouts", required=True, help="rollouts of the base model")
    parser.add_argument("--verdicts", required=True, help="verdicts on the rollouts")
    parser.add_argument("--csr", required=True)
    parser.add_argument("--prompts", required=True, nargs="+")
    parser.add_argument(
        "--shards", required=True, type=Path, help="folder of finished shards; a killed job goes on from them"
    )
    parser.add_argument("--out", required=True, type=Path)
    arguments = parser.parse_args()
    config = load(arguments.config)
    config = sharing_a_gpu(config, arguments.detector, config.evaluate.judge)
    from safe_reasoning.characterize.continuation_safety import reasoning_harmful
    from safe_reasoning.characterize.trigger_selection import find_triggers
    from safe_reasoning.sampling.ends import ends_of
    from safe_reasoning.sampling.engine import load_tokenizer
    from safe_reasoning.sampling.factory import open_reader
    from safe_reasoning.sampling.sampler import Sampler

    prompts = {row["prompt_id"]: row for path in arguments.prompts for row in read_rows(path, "prompts")}
    rollouts = [row for row in read_rows(arguments.rollouts, "generations") if row["prompt_id"] in prompts]
    harmful, csr = (
        reasoning_harmful(read_rows(arguments.verdicts, "verdicts")),
        read_rows(arguments.csr, "csr"),
    )
    ends = ends_of(arguments.model_dir, load_tokenizer(arguments.model_dir))
    detector, judge = get_detector(arguments.detector, config), get_judge(config.evaluate.judge, config)
    sampler = Sampler(config, arguments.model_dir, arguments.shards, stop_at_think_end=True)
    write_json(
        arguments.out,
        find_triggers(
            rollouts,
            harmful,
            csr,
            sampler,
            ends,
            lambda: open_reader(arguments.model_dir, config),
            detector,
            judge,
            prompts,
            config,
        ),
    )
    write_meta(
        arguments.out,
        {
            "settings": config.characterize.model_dump(),
            "detector": detector.name,
            "detector_provenance": provenance(detector),
            "judge": judge.name,
            **sampler.cost(),
        },
    )


if __name__ == "__main__":
    main()
