"""Draw next sentences along a rollout of each harmful prompt, and the continuations that value
them.

python scripts/grow_siblings.py --config config/demo.yaml \\
    --model-dir results/demo/models/nano/base \\
    --rollouts results/demo/generations/nano/base/rollouts.parquet \\
    --prompts results/demo/prompts/align_harmful.parquet \\
    --shards results/demo/characterize/nano/shards_siblings \\
    --out results/demo/characterize/nano/siblings.parquet
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
    parser.add_argument("--model-dir", required=True, type=Path, help="folder of the base model")
    parser.add_argument("--rollouts", required=True, help="rollouts of the base model")
    parser.add_argument("--prompts", required=True, nargs="+", help="the harmful alignment prompts")
    parser.add_argument(
        "--shards", required=True, type=Path, help="folder of finished shards; a killed job goes on from them"
    )
    parser.add_argument("--out", required=True, type=Path)
    arguments = parser.parse_args()
    config = load(arguments.config)
    config = sharing_a_gpu(config, config.evaluate.judge)
    from safe_reasoning.characterize.siblings import grow, one_rollout_each
    from safe_reasoning.sampling.engine import load_tokenizer
    from safe_reasoning.sampling.sampler import Sampler

    prompts = {row["prompt_id"]: row for path in arguments.prompts for row in read_rows(path, "prompts")}
    rollouts = one_rollout_each(read_rows(arguments.rollouts, "generations", prompt_id=prompts))
    judge = get_judge(config.evaluate.judge, config)
    sampler = Sampler(config, arguments.model_dir, arguments.shards, stop_at_think_end=True)
    tokenizer = load_tokenizer(arguments.model_dir)
    rows = list(grow(rollouts, sampler, tokenizer, judge, prompts, config.siblings))
    progress(f"siblings: {len(rows)} sentences along {len(rollouts)} rollouts of {len(prompts)} prompts")
    meta = {
        "judge": judge.name,
        "prompts": len(prompts),
        "rollouts": len(rollouts),
        "judged": sum(row["continuations"] for row in rows),
        **sampler.cost(),
    }
    write_rows(arguments.out, "siblings", rows, meta)


if __name__ == "__main__":
    main()
