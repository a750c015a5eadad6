"""Build the intervened pairs.

A rollout a prompt and trigger, its first cue replaced by the trigger, the model going on (paper
section 3, steps 1 to 6).

python scripts/build_intervened_pairs.py --config config/demo.yaml --detector exact \\
    --model-dir results/demo/models/nano/base \\
    --triggers results/demo/characterize/nano/triggers.json \\
        --prompts results/demo/prompts/align_harmful.parquet \\
    --shards results/demo/pairs/nano/shards_exact \\
        --out results/demo/pairs/nano/intervened_exact.parquet
"""

from pathlib import Path

from safe_reasoning.config import load
from safe_reasoning.core.cli import argument_parser, command, progress
from safe_reasoning.core.files import read_json
from safe_reasoning.core.records import read_rows, write_rows
from safe_reasoning.judging.chat_annotator import provenance
from safe_reasoning.judging.factory import get_detector, get_judge
from safe_reasoning.judging.kinds import sharing_a_gpu


@command
def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--config", required=True)
    parser.add_argument("--detector", required=True)
    parser.add_argument("--model-dir", required=True, type=Path, help="folder of the base model")
    parser.add_argument("--triggers", required=True)
    parser.add_argument("--prompts", required=True, nargs="+")
    parser.add_argument(
        "--shards", required=True, type=Path, help="folder of finished shards; a killed job goes on from them"
    )
    parser.add_argument("--out", required=True, type=Path)
    arguments = parser.parse_args()
    config = load(arguments.config)
    config = sharing_a_gpu(config, arguments.detector, config.evaluate.judge)
    settings = config.pairs
    from safe_reasoning.pairs.intervened import intervened_pairs, rollout_requests
    from safe_reasoning.sampling.chat_template import prompt_ids
    from safe_reasoning.sampling.engine import load_tokenizer
    from safe_reasoning.sampling.sampler import Sampler

    prompts = [row for path in arguments.prompts for row in read_rows(path, "prompts")]
    triggers = read_json(arguments.triggers)["triggers"]
    tokenizer, detector = load_tokenizer(arguments.model_dir), get_detector(arguments.detector, config)
    judge = get_judge(config.evaluate.judge, config)
    sampler = Sampler(
        config, arguments.model_dir, arguments.shards, stop_at_think_end=not settings.append_response
    )
    ids = {row["prompt_id"]: prompt_ids(tokenizer, row["text"]) for row in prompts}
    rollouts = sampler(rollout_requests(prompts, ids, triggers), f"pairs {detector.name}")
    pairs = intervened_pairs(
        rollouts,
        triggers,
        sampler,
        tokenizer,
        detector,
        judge,
        {row["prompt_id"]: row for row in prompts},
        settings.max_rounds,
        settings.append_response,
    )
    progress(f"pairs {detector.name}: {pairs.counts}")
    meta = {
        "source": "intervened",
        "detector": detector.name,
        "detector_provenance": provenance(detector),
        "judge": judge.name,
        "triggers": [row["text"] for row in triggers],
        **pairs.counts,
        **sampler.cost(),
    }
    write_rows(arguments.out, "pairs", pairs.rows, meta)


if __name__ == "__main__":
    main()
