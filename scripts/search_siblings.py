"""Search a tree of next sentences from each harmful prompt by upper confidence bound (UCB).

python scripts/search_siblings.py --config config/compare.yaml \\
    --model-dir results/compare/models/nano/base \\
    --prompts results/compare/prompts/align_harmful.parquet \\
    --shards results/compare/characterize/nano/shards_siblings_ucb \\
    --out results/compare/characterize/nano/siblings_ucb.parquet
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
    parser.add_argument("--prompts", required=True, nargs="+", help="the harmful alignment prompts")
    parser.add_argument(
        "--shards", required=True, type=Path, help="folder of finished shards; a killed job goes on from them"
    )
    parser.add_argument("--out", required=True, type=Path)
    arguments = parser.parse_args()
    config = load(arguments.config)
    config = sharing_a_gpu(config, config.evaluate.judge)
    from safe_reasoning.characterize.tree_search import Tools, root_of, rows_of, search
    from safe_reasoning.sampling.engine import load_tokenizer
    from safe_reasoning.sampling.sampler import Sampler

    prompts = {row["prompt_id"]: row for path in arguments.prompts for row in read_rows(path, "prompts")}
    judge = get_judge(config.evaluate.judge, config)
    sampler = Sampler(config, arguments.model_dir, arguments.shards, stop_at_think_end=True)
    tokenizer = load_tokenizer(arguments.model_dir)
    tools = Tools(sampler, tokenizer, judge, prompts, config.siblings.ucb)
    trees = [root_of(prompt, tokenizer) for prompt in prompts.values()]
    search(trees, tools)
    rows = [row for tree in trees for row in rows_of(tree, tokenizer)]
    visits = sum(len(tree.results) for tree in trees)
    progress(f"tree search: {len(rows)} sentences of {len(prompts)} prompts in {visits} visits")
    meta = {
        "search": "ucb",
        "judge": judge.name,
        "prompts": len(prompts),
        "visits": visits,
        **sampler.cost(),
    }
    write_rows(arguments.out, "siblings", rows, meta)


if __name__ == "__main__":
    main()
