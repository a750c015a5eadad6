"""Build the benign pairs of stage 2.

The base model's answer against the stage-1 model's refusal of the same benign prompt.

python scripts/build_overrefusal_pairs.py --config config/demo.yaml --seed 0 \\
    --stage1 results/demo/models/nano/ipo/seed0 \\
    --rollouts results/demo/generations/nano/base/rollouts.parquet \\
        --verdicts results/demo/verdicts/nano/base/rollouts.exact.parquet \\
    --prompts results/demo/prompts/align_benign.parquet \\
        --shards results/demo/pairs/nano/shards_overrefusal0 \\
        --out results/demo/pairs/nano/overrefusal_seed0.parquet
"""

from pathlib import Path

from safe_reasoning.config import load
from safe_reasoning.core.cli import argument_parser, command, progress
from safe_reasoning.core.records import read_rows, write_rows
from safe_reasoning.judging.factory import get_judge
from safe_reasoning.judging.kinds import sharing_a_gpu


@command
def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--config", required=True)
    parser.add_argument("--seed", required=True, type=int)
    parser.add_argument("--stage1", required=True, type=Path, help="folder of the stage-1 model")
    parser.add_argument("--rollouts", required=True, help="rollouts of the base model")
    parser.add_argument("--verdicts", required=True, help="verdicts on the rollouts")
    parser.add_argument("--prompts", required=True, nargs="+")
    parser.add_argument(
        "--shards", required=True, type=Path, help="folder of finished shards; a killed job goes on from them"
    )
    parser.add_argument("--out", required=True, type=Path)
    arguments = parser.parse_args()
    config = load(arguments.config)
    config = sharing_a_gpu(config, config.evaluate.judge)
    from safe_reasoning.pairs.overrefusal import overrefusal_pairs
    from safe_reasoning.sampling.engine import load_tokenizer
    from safe_reasoning.sampling.prompt_sets import requests_for
    from safe_reasoning.sampling.sampler import Sampler

    prompts = [row for path in arguments.prompts for row in read_rows(path, "prompts")]
    tokenizer, judge = load_tokenizer(arguments.stage1), get_judge(config.evaluate.judge, config)
    sampler = Sampler(config, arguments.stage1, arguments.shards, stop_at_think_end=False)
    samples = {row["prompt_set"]: config.pairs.overrefusal_samples for row in prompts}
    aligned = sampler(requests_for(prompts, samples, tokenizer, arguments.seed), "over-refusal")
    complies = {
        row["generation_id"]: row["value"]
        for row in read_rows(arguments.verdicts, "verdicts")
        if row["measure"] == "complies"
    }
    base = [row for row in read_rows(arguments.rollouts, "generations") if row["generation_id"] in complies]
    pairs = overrefusal_pairs(
        base, complies, aligned, judge, {row["prompt_id"]: row for row in prompts}, tokenizer
    )
    progress(f"over-refusal pairs: {pairs.counts}")
    write_rows(
        arguments.out,
        "pairs",
        pairs.rows,
        {"source": "overrefusal", "judge": judge.name, **pairs.counts, **sampler.cost()},
    )


if __name__ == "__main__":
    main()
